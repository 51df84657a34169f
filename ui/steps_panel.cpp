#include "tactus/ui/steps_panel.h"

#include <QGridLayout>
#include <QLabel>
#include <QListWidget>
#include <QMouseEvent>
#include <QScrollArea>
#include <QSlider>
#include <QVBoxLayout>
#include <cmath>
#include <functional>
#include <set>

#include "tactus/geometry/colour_map.h"
#include "tactus/ui/photo_canvas.h"
#include "tactus/ui/plot_widget.h"

namespace tactus::ui {

using pipeline::Stage;
using pipeline::StageState;

namespace {

class Thumbnail : public QLabel {
 public:
  explicit Thumbnail(std::function<void()> clicked) : clicked_(std::move(clicked)) {}

 protected:
  void mousePressEvent(QMouseEvent*) override { clicked_(); }

 private:
  std::function<void()> clicked_;
};

QString mark_of(StageState state) {
  switch (state) {
    case StageState::done: return QStringLiteral("●");
    case StageState::running: return QStringLiteral("◐");
    case StageState::failed: return QStringLiteral("✕");
    case StageState::stale: return QStringLiteral("◌");
    case StageState::waiting: return QStringLiteral("○");
  }
  return {};
}

// A view at thumbnail size, its mask laid over in the colours of contact.
QImage thumbnail(const views::RenderedView& view, const ImageF* logits, int side) {
  QImage image = to_qimage(view.picture).scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation).convertToFormat(QImage::Format_RGB32);
  if (logits == nullptr) return image;
  for (int row = 0; row < image.height(); ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int c = 0; c < image.width(); ++c) {
      const int x = c * logits->width / image.width(), y = row * logits->height / image.height();
      const float p = 1.0F / (1.0F + std::exp(-logits->at(x, y)));
      if (p < 0.5F) continue;
      const auto colour = geometry::contact_colour(p);
      const auto mix = [&](int old, float now) { return static_cast<int>(0.3F * static_cast<float>(old) + 0.7F * 255.0F * now); };
      line[c] = qRgb(mix(qRed(line[c]), colour[0]), mix(qGreen(line[c]), colour[1]), mix(qBlue(line[c]), colour[2]));
    }
  }
  return image;
}

QLabel* heading(const QString& text) {
  auto* label = new QLabel(text);
  QFont font = label->font();
  font.setBold(true);
  label->setFont(font);
  return label;
}

}  // namespace

StepsPanel::StepsPanel(QWidget* parent) : QWidget(parent) {
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(8);

  column->addWidget(heading(tr("Steps")));
  list_ = new QListWidget;
  list_->setAccessibleName(tr("Steps"));
  list_->setWordWrap(false);
  list_->setTextElideMode(Qt::ElideRight);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  for (int i = 0; i < pipeline::kStageCount; ++i) list_->addItem(QString());
  list_->setFixedHeight(pipeline::kStageCount * 24 + 4);
  connect(list_, &QListWidget::itemClicked, this, [this](QListWidgetItem* item) { Q_EMIT stage_chosen(static_cast<Stage>(list_->row(item))); });
  column->addWidget(list_);

  column->addWidget(heading(tr("Views and masks")));
  auto* grid = new QGridLayout;
  grid->setSpacing(4);
  for (int i = 0; i < 8; ++i) {
    auto* label = new Thumbnail([this, i] {
      const Stage stage = analysis_ && analysis_->prediction ? Stage::predict : Stage::views;
      Q_EMIT position_chosen({stage, i});
    });
    label->setFixedSize(76, 76);
    label->setAlignment(Qt::AlignCenter);
    label->setFrameShape(QFrame::StyledPanel);
    label->setCursor(Qt::PointingHandCursor);
    label->setAccessibleName(i < 4 ? tr("Body view %1").arg(i + 1) : tr("Object view %1").arg(i - 3));
    thumbnails_.push_back(label);
    grid->addWidget(label, i / 4, i % 4);
  }
  grid->setColumnStretch(4, 1);
  column->addLayout(grid);

  column->addWidget(heading(tr("Answer")));
  answer_ = new QLabel(tr("Run the analysis to see it."));
  answer_->setWordWrap(true);
  answer_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  column->addWidget(answer_);

  threshold_label_ = heading(tr("Contact above 0.50"));
  column->addWidget(threshold_label_);
  threshold_ = new QSlider(Qt::Horizontal);
  threshold_->setRange(0, 100);
  threshold_->setValue(50);
  threshold_->setAccessibleName(tr("Contact threshold"));
  connect(threshold_, &QSlider::valueChanged, this, [this] {
    fill_contact();
    Q_EMIT threshold_changed(threshold());
  });
  column->addWidget(threshold_);
  contact_ = new QLabel;
  contact_->setWordWrap(true);
  column->addWidget(contact_);

  rmse_ = new PlotWidget(tr("Align: rmse in cm"));
  losses_ = new PlotWidget(tr("Fit: loss, weighted"));
  for (auto* plot : {rmse_, losses_}) {
    plot->setMinimumHeight(plot == losses_ ? 150 : 116);
    column->addWidget(plot);
  }
  connect(rmse_, &PlotWidget::picked, this, [this](int i) { Q_EMIT position_chosen({Stage::align, i}); });
  connect(losses_, &PlotWidget::picked, this, [this](int i) { Q_EMIT position_chosen({Stage::fit, i}); });
  column->addStretch(1);

  auto* scroll = new QScrollArea;
  scroll->setWidget(content);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(scroll);
  setMinimumWidth(352);
  fill_list();
}

double StepsPanel::threshold() const { return threshold_->value() / 100.0; }

void StepsPanel::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  const bool new_body = analysis && (!analysis_ || analysis->body != analysis_->body);
  const bool new_object = analysis && (!analysis_ || analysis->object != analysis_->object);
  analysis_ = std::move(analysis);
  if (new_body && analysis_->body) body_areas_ = geometry::vertex_areas(analysis_->body->mesh);
  if (new_object && analysis_->object) object_areas_ = geometry::vertex_areas(analysis_->object->mesh);
  fill_list();
  fill_views();
  fill_contact();
  if (!analysis_) return;
  answer_->setText(analysis_->prediction ? QString::fromStdString(analysis_->prediction->answer) : tr("Run the analysis to see it."));
  std::vector<double> rmse;
  if (analysis_->align && !analysis_->align->candidates.empty())
    for (const auto& r : pipeline::shown_candidate(*analysis_).records) rmse.push_back(100.0 * r.rmse);
  rmse_->set_series({{tr("rmse"), QColor(90, 170, 255), rmse}});
  PlotWidget::Series total{tr("total"), palette().color(QPalette::WindowText), {}}, mask{tr("mask"), QColor(255, 170, 60), {}},
      centroid{tr("centroid"), QColor(120, 200, 120), {}}, contact{tr("contact"), QColor(225, 110, 200), {}};
  if (analysis_->fit) {
    for (const auto& r : analysis_->fit->records) {
      total.values.push_back(r.loss_total);
      mask.values.push_back(r.loss_mask);
      centroid.values.push_back(r.loss_centroid);
      contact.values.push_back(r.loss_contact);
    }
  }
  losses_->set_series({total, mask, contact, centroid});
}

void StepsPanel::set_stale(const QString& reason) {
  stale_ = reason;
  fill_list();
}

void StepsPanel::set_failure(Stage stage, const QString& sentence) {
  auto* item = list_->item(static_cast<int>(stage));
  item->setText(QStringLiteral("✕  %1   %2").arg(QString::fromUtf8(pipeline::stage_name(stage)), sentence));
  item->setForeground(QColor(225, 95, 85));
  item->setToolTip(sentence);
}

void StepsPanel::fill_list() {
  for (int i = 0; i < pipeline::kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    auto* item = list_->item(i);
    StageState state = analysis_ ? analysis_->report(stage).state : StageState::waiting;
    QString text;
    if (analysis_ && state != StageState::waiting) {
      const auto& report = analysis_->report(stage);
      if (!report.from_cache && report.seconds >= 0.005) text = tr("%1 s  ").arg(report.seconds, 0, 'f', 2);
      text += QString::fromStdString(report.message);
    }
    if (!stale_.isEmpty() && state == StageState::done && stage != Stage::photograph) {
      state = StageState::stale;
      text = stale_;
    }
    item->setText(QStringLiteral("%1  %2   %3").arg(mark_of(state), QString::fromUtf8(pipeline::stage_name(stage)), text));
    item->setToolTip(text);
    item->setData(Qt::ForegroundRole, state == StageState::failed ? QVariant(QColor(225, 95, 85)) : QVariant());
    item->setSizeHint({10, 24});
  }
  list_->setCurrentRow(static_cast<int>(position_.stage));
}

void StepsPanel::fill_views() {
  const bool masks = analysis_ && analysis_->prediction && position_.stage >= Stage::predict;
  const void* views = analysis_ ? analysis_->body_views.get() : nullptr;
  const void* shown = masks ? static_cast<const void*>(analysis_->prediction.get()) : nullptr;
  if (views == shown_views_ && shown == shown_masks_) return;
  shown_views_ = views;
  shown_masks_ = shown;
  for (int i = 0; i < 8; ++i) {
    auto* label = thumbnails_[static_cast<std::size_t>(i)];
    const auto& list = i < 4 ? (analysis_ ? analysis_->body_views : nullptr) : (analysis_ ? analysis_->object_views : nullptr);
    const auto index = static_cast<std::size_t>(i % 4);
    if (!list || index >= list->size()) {
      label->clear();
      continue;
    }
    const ImageF* logits = nullptr;
    if (masks) logits = &(i < 4 ? analysis_->prediction->body_logits : analysis_->prediction->object_logits)[index];
    label->setPixmap(QPixmap::fromImage(thumbnail((*list)[index], logits, 72)));
    label->setToolTip(QString::fromStdString((*list)[index].view.name));
  }
}

void StepsPanel::fill_contact() {
  const auto t = static_cast<float>(threshold());
  threshold_label_->setText(tr("Contact above %1").arg(static_cast<double>(t), 0, 'f', 2));
  if (!analysis_ || !analysis_->body_contact || !analysis_->object_contact) {
    contact_->setText(tr("No contact yet."));
    return;
  }
  const auto line = [&](const QString& who, const contact::VertexContact& c, const Eigen::VectorXf& areas) {
    const auto count = (c.probability.array() > t).count();
    const double area = areas.size() == c.probability.size() ? 1e4 * contact::contact_area(c, areas, t) : 0.0;
    return tr("%1: %2 cm², %3 vertices").arg(who).arg(area, 0, 'f', 0).arg(count);
  };
  std::set<QString> parts;
  const auto& body = *analysis_->body;
  for (Eigen::Index i = 0; i < analysis_->body_contact->probability.size(); ++i)
    if (analysis_->body_contact->probability[i] > t && static_cast<std::size_t>(i) < body.vertex_parts.size())
      parts.insert(QString::fromStdString(body.part_names[body.vertex_parts[static_cast<std::size_t>(i)]]));
  QStringList names(parts.begin(), parts.end());
  contact_->setText(line(tr("Body"), *analysis_->body_contact, body_areas_) + QStringLiteral("\n") +
                    line(tr("Object"), *analysis_->object_contact, object_areas_) +
                    (names.isEmpty() ? QString() : QStringLiteral("\n") + names.join(QStringLiteral(", "))));
}

void StepsPanel::set_position(const pipeline::TimelinePosition& position) {
  position_ = position;
  list_->setCurrentRow(static_cast<int>(position.stage));
  rmse_->set_cursor(position.stage == Stage::align ? position.step : -1);
  losses_->set_cursor(position.stage == Stage::fit ? position.step : -1);
  for (int i = 0; i < 8; ++i) {
    const bool current = (position.stage == Stage::views || position.stage == Stage::predict) && position.step == i;
    thumbnails_[static_cast<std::size_t>(i)]->setLineWidth(current ? 3 : 1);
    thumbnails_[static_cast<std::size_t>(i)]->setFrameShape(current ? QFrame::Box : QFrame::StyledPanel);
  }
  fill_views();
}

}  // namespace tactus::ui
