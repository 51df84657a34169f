#include "tactus/ui/document.h"

#include <QFileInfo>
#include <QUndoCommand>

namespace tactus::ui {

class EditCommand : public QUndoCommand {
 public:
  EditCommand(Document* document, const QString& name, pipeline::Inputs inputs, const pipeline::Options& options, int merge_id)
      : QUndoCommand(name), document_(document), before_(document->inputs_), after_(std::move(inputs)),
        options_before_(document->options_), options_after_(options), merge_id_(merge_id) {}
  void undo() override { document_->apply(before_, options_before_); }
  void redo() override { document_->apply(after_, options_after_); }
  int id() const override { return merge_id_; }
  bool mergeWith(const QUndoCommand* other) override {
    const auto* next = static_cast<const EditCommand*>(other);
    if (next->merge_id_ != merge_id_ || next->text() != text()) return false;
    after_ = next->after_;
    options_after_ = next->options_after_;
    return true;
  }

 private:
  Document* document_;
  pipeline::Inputs before_, after_;
  pipeline::Options options_before_, options_after_;
  int merge_id_;
};

Document::Document(QObject* parent) : QObject(parent) {
  // A step holds the marks before and after; forty of a 12-megapixel picture still fit.
  undo_.setUndoLimit(40);
}

void Document::apply(const pipeline::Inputs& inputs, const pipeline::Options& options) {
  inputs_ = inputs;
  options_ = options;
  Q_EMIT changed();
}

void Document::reset(pipeline::Inputs inputs, const pipeline::Options& options, const QString& file) {
  undo_.clear();
  inputs_ = std::move(inputs);
  options_ = options;
  file_ = file;
  undo_.setClean();
  Q_EMIT replaced();
  Q_EMIT changed();
}

void Document::edit(const QString& name, const std::function<void(pipeline::Inputs&)>& change, int merge_id) {
  pipeline::Inputs next = inputs_;
  change(next);
  undo_.push(new EditCommand(this, name, std::move(next), options_, merge_id));
}

void Document::edit_options(const QString& name, const std::function<void(pipeline::Options&)>& change) {
  pipeline::Options next = options_;
  change(next);
  undo_.push(new EditCommand(this, name, inputs_, next, -1));
}

void Document::set_file(const QString& file) {
  file_ = file;
  undo_.setClean();
  Q_EMIT changed();
}

QString Document::title() const {
  const QString name = file_.isEmpty() ? QString::fromStdString(inputs_.photo_name) : QFileInfo(file_).fileName();
  return name.isEmpty() ? QStringLiteral("Tactus") : QStringLiteral("%1[*] — Tactus").arg(name);
}

}  // namespace tactus::ui
