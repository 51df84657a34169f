// Outlines from clicks, a box or words, on a thread of its own: the newest request counts, the photograph is read once.
#pragma once

#include <QImage>
#include <QObject>
#include <QString>
#include <memory>
#include <optional>
#include <vector>

#include "tactus/contact/photo_segmenter.h"

namespace tactus::ui {

struct FoundMask {
  ImageU8 mask;                  // the photograph's size; empty: nothing was found
  QImage overlay;                // it, ready to be drawn
  std::optional<double> iou;
  QString answer;                // to words
};

class MaskFinder : public QObject {
  Q_OBJECT
 public:
  explicit MaskFinder(QObject* parent = nullptr);
  ~MaskFinder() override;
  void set_segmenters(std::shared_ptr<contact::PhotoSegmenter> clicks, std::shared_ptr<contact::PhotoSegmenter> words);
  bool takes_clicks() const { return clicks_ != nullptr; }
  bool takes_words() const { return words_ != nullptr; }
  void set_photo(std::shared_ptr<const ImageU8> photo);   // null: none; forgets what was asked
  bool has_photo() const { return photo_ != nullptr; }
  void prepare();                                         // reads the photograph, so that the first click is quick
  void ask(const std::vector<contact::PhotoClick>& clicks, const std::optional<contact::PhotoBox>& box);
  void ask(const QString& words);
  void forget();                                          // what was asked; a reading of the photograph goes on
  void cancel();
  bool busy() const { return asked_ != answered_; }

 Q_SIGNALS:
  void progressed(double fraction, const QString& what);
  void found(std::shared_ptr<const tactus::ui::FoundMask> mask);
  void prepared();
  void failed(const QString& sentence);
  void cancelled();

 private:
  struct Worker;
  struct Request;
  void send(Request request, bool stop_current);
  std::unique_ptr<Worker> worker_;
  std::shared_ptr<contact::PhotoSegmenter> clicks_, words_;
  std::shared_ptr<const ImageU8> photo_;
  std::uint64_t asked_ = 0, answered_ = 0;
  bool asking_words_ = false;
};

}  // namespace tactus::ui
