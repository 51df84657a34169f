// What the user edits: inputs and options, with undo for every change.
#pragma once

#include <QObject>
#include <QString>
#include <QUndoStack>
#include <functional>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

class Document : public QObject {
  Q_OBJECT
 public:
  explicit Document(QObject* parent = nullptr);

  const pipeline::Inputs& inputs() const { return inputs_; }
  const pipeline::Options& options() const { return options_; }
  std::shared_ptr<const pipeline::Inputs> snapshot() const { return std::make_shared<const pipeline::Inputs>(inputs_); }
  QUndoStack* undo_stack() { return &undo_; }

  // Replaces everything (a new photograph, a project); clears the history.
  void reset(pipeline::Inputs inputs, const pipeline::Options& options, const QString& file = {});
  // One undoable change with a name for Edit ▸ Undo; nothing when nothing changed. The inputs that `change` is given
  // carry no photograph, which never changes by an edit. Changes with the same non-negative `merge_id` that follow each
  // other (a drag, typing) become one.
  void edit(const QString& name, const std::function<void(pipeline::Inputs&)>& change, int merge_id = -1);
  // The same for marks that a network found. What any other edit changes is the user's from then on
  // (pipeline::keep_changes). A document without unsaved changes stays one.
  void guess(const QString& name, const std::function<void(pipeline::Inputs&)>& change);
  void edit_options(const QString& name, const std::function<void(pipeline::Options&)>& change);

  // Between them changes come in quick succession: a drag.
  void begin_gesture() { gesture_ = true; }
  void end_gesture();
  bool in_gesture() const { return gesture_; }

  QString file() const { return file_; }
  void set_file(const QString& file);
  QString title() const;
  // Restored after a crash: not saved anywhere that the user chose.
  void set_recovered();
  bool unsaved() const { return recovered_ || !undo_.isClean(); }

 Q_SIGNALS:
  void replaced();      // another photograph or project
  void gesture_ended();
  void masks_changed();  // before the `changed` of the same change
  void changed();       // any change, undo and redo included

 private:
  friend class EditCommand;
  void push(const QString& name, const std::function<void(pipeline::Inputs&)>& change, bool by_hand, int merge_id);
  pipeline::Inputs inputs_;
  pipeline::Options options_;
  QUndoStack undo_;
  QString file_;
  bool recovered_ = false, gesture_ = false;
};

}  // namespace tactus::ui
