// Under the photograph: masks by clicks, boxes and words where networks for that are loaded. What is found is a
// candidate until it is accepted.
#pragma once

#include <QWidget>
#include <memory>

#include "tactus/ui/mask_finder.h"
#include "tactus/ui/photo_canvas.h"

class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace tactus::ui {

class MaskTools : public QWidget {
  Q_OBJECT
 public:
  MaskTools(Document* document, PhotoCanvas* canvas, QWidget* parent = nullptr);
  void set_segmenters(std::shared_ptr<contact::PhotoSegmenter> clicks, std::shared_ptr<contact::PhotoSegmenter> words);
  bool takes_clicks() const { return finder_->takes_clicks(); }
  bool takes_words() const { return finder_->takes_words(); }
  void set_tool(PhotoCanvas::Tool tool);
  void take_box(const QRectF& photo_rect);
  void accept();
  void discard();
  MaskFinder* finder() const { return finder_; }
  QLineEdit* words() const { return words_; }
  QString text() const;                    // as shown; empty: nothing

 Q_SIGNALS:
  void abilities_changed();
  void failed(const QString& sentence);

 private:
  void add_click(const QPointF& photo, bool inside);
  void take_back();
  void ask();
  void ask_words();
  void take_photo();
  void show_candidate();
  void show_row();
  void say(const QString& text);
  Document* document_;
  PhotoCanvas* canvas_;
  MaskFinder* finder_;
  QWidget *words_row_, *state_row_;
  QLineEdit* words_;
  QLabel* state_;
  QProgressBar* progress_;
  QPushButton *cancel_, *accept_, *discard_, *find_;
  std::vector<contact::PhotoClick> clicks_;
  std::optional<contact::PhotoBox> box_;
  std::shared_ptr<const FoundMask> found_;
  QString what_;                           // the words that a candidate came from
};

}  // namespace tactus::ui
