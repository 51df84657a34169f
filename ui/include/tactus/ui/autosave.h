// Work is kept on disk while it is done, and offered again after a crash.
#pragma once

#include <QLockFile>
#include <QObject>
#include <QString>
#include <memory>

class QTimer;

namespace tactus::ui {

class Document;

class Autosave : public QObject {
  Q_OBJECT
 public:
  // `folder`: where it is kept. What an unclean exit of an earlier program left there is put aside at once, so that
  // saving goes on without touching it. A second program beside this one neither saves over it nor offers its work.
  Autosave(Document* document, QString folder, QObject* parent = nullptr);
  ~Autosave() override;

  // The project of the last unclean exit; empty: none.
  QString recoverable() const;
  void discard_recoverable();
  // The offered work is in the document now: it counts as this program's own from here on.
  void adopt_recoverable();

  void save_now();                // what the timer does; waits until it is written
  void saved_by_user();           // the work is safe elsewhere
  void clean_exit();

 private:
  void save();
  QString file() const;
  QString set_aside() const;
  Document* document_;
  QString folder_;
  QLockFile lock_;
  QTimer* timer_;
  bool ours_ = false;
  struct Writing;
  std::shared_ptr<Writing> writing_;
};

}  // namespace tactus::ui
