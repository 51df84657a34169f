// The eight views as thumbnails: click shows, double click enlarges, drag takes a PNG file out.
#pragma once

#include <QImage>
#include <QWidget>
#include <memory>
#include <vector>

#include "tactus/pipeline/analysis.h"

class QMimeData;
class QTemporaryDir;

namespace tactus::ui {

class Document;
class Thumbnail;

class ViewStrip : public QWidget {
  Q_OBJECT
 public:
  explicit ViewStrip(Document* document, QWidget* parent = nullptr);
  ~ViewStrip() override;
  void set_analysis(std::shared_ptr<const pipeline::Analysis> analysis);
  // -1: none; masks are laid over when the position is past them.
  void set_current(int view, bool masks);
  // The views of the body (0) or of the object (1) stand out, those of the other step back; -1: neither.
  void set_lit(int side);
  int lit() const { return lit_; }
  QWidget* thumbnail(int view) const;
  // The view at full size as a file and a picture, as a drag or the clipboard takes it; null while not rendered.
  std::unique_ptr<QMimeData> drag_data(int view);

 Q_SIGNALS:
  void chosen(int view);
  void enlarged(int view);

 private:
  void fill();
  Document* document_;
  std::shared_ptr<const pipeline::Analysis> analysis_;
  std::vector<Thumbnail*> thumbnails_;
  std::unique_ptr<QTemporaryDir> folder_;
  int current_ = -1, lit_ = -1;
  bool masks_ = true, stale_ = true;
  const void *shown_views_ = nullptr, *shown_prediction_ = nullptr;
};

}  // namespace tactus::ui
