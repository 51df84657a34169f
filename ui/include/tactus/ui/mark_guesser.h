// Asks a network what a photograph shows and writes it into the document as guesses: when a photograph is opened, when another
// object is named, and when told to. On a thread of its own; marks of the user stay.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>
#include <memory>
#include <optional>
#include <string>

#include "tactus/contact/perceiver.h"
#include "tactus/pipeline/guesses.h"

namespace tactus::ui {

class Document;

class MarkGuesser : public QObject {
  Q_OBJECT
 public:
  explicit MarkGuesser(Document* document, QObject* parent = nullptr);
  ~MarkGuesser() override;
  void set_perceiver(std::shared_ptr<const contact::Perceiver> perceiver);   // null: nothing is guessed
  bool can_guess() const;                        // there are a network and a photograph
  void guess();                                  // all that is not marked
  bool busy() const { return look_ != nullptr || timer_.isActive(); }
  void cancel();

 Q_SIGNALS:
  void began();
  void ended(const QString& sentence);           // what was found, or not; empty after a cancel
  void failed(const QString& sentence);

 private:
  struct Look;
  void replaced();
  void changed();
  void start();
  void take(const std::shared_ptr<Look>& look);
  void write();
  Document* document_;
  std::shared_ptr<const contact::Perceiver> perceiver_;
  QTimer timer_;                                 // typing changes the object often
  pipeline::GuessWhat what_{false, false};       // to look for next
  std::string category_;                         // of the last look
  std::shared_ptr<Look> look_;                   // under way
  std::shared_ptr<Look> found_;                  // waits for the end of a drag
};

}  // namespace tactus::ui
