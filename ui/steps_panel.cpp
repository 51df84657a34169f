#include "tactus/ui/steps_panel.h"

#include <QLabel>
#include <QScrollArea>
#include <QSlider>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <set>

#include "tactus/ui/answer_view.h"
#include "tactus/ui/contact_painting.h"
#include "tactus/ui/plot_widget.h"
#include "tactus/ui/stage_list.h"
#include "tactus/ui/theme.h"
#include "tactus/ui/view_canvas.h"
#include "tactus/ui/view_editor.h"
#include "tactus/ui/view_strip.h"

namespace tactus::ui {

using pipeline::Stage;

StepsPanel::StepsPanel(Document* document, QWidget* parent)
    : QWidget(parent), pages_(new QStackedWidget), stages_(new StageList), strip_(new ViewStrip(document)), editor_(new ViewEditor(document)) {
  auto* content = new QWidget;
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(8, 8, 8, 8);
  column->setSpacing(8);

  column->addWidget(heading(tr("Steps")));
  connect(stages_, &StageList::chosen, this, &StepsPanel::stage_chosen);
  connect(stages_, &StageList::retry_requested, this, &StepsPanel::retry_requested);
  column->addWidget(stages_);

  column->addWidget(heading(tr("Views and masks")));
  connect(strip_, &ViewStrip::chosen, this, [this](int i) {
    Q_EMIT position_chosen({analysis_ && analysis_->prediction ? Stage::predict : Stage::views, i});
  });
  connect(strip_, &ViewStrip::enlarged, this, &StepsPanel::enlarge);
  column->addWidget(strip_);

  column->addWidget(heading(tr("Answer")));
  answer_ = new AnswerView;
  connect(answer_, &AnswerView::side_pointed, strip_, &ViewStrip::set_lit);
  connect(answer_, &AnswerView::side_chosen, this, [this](int side) {
    if (analysis_ && pipeline::step_count(*analysis_, Stage::predict) > 0) Q_EMIT position_chosen({Stage::predict, side == 1 ? kViewCount / 2 : 0});
  });
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
  // The views are as high as they are wide: a bar that comes and goes would change the height that decides about it.
  scroll->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
  pages_->addWidget(scroll);
  pages_->addWidget(editor_);
  connect(editor_, &ViewEditor::closed, this, [this] {
    const int view = editor_->canvas()->view();
    pages_->setCurrentIndex(0);
    strip_->thumbnail(view)->setFocus();
  });
  connect(editor_, &ViewEditor::view_changed, this, [this](int i) {
    Q_EMIT position_chosen({analysis_ && analysis_->prediction ? Stage::predict : Stage::views, i});
  });
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(0, 0, 0, 0);
  outer->addWidget(pages_);
  setMinimumWidth(300);
}

QSize StepsPanel::sizeHint() const { return {352, 600}; }

void StepsPanel::enlarge(int view) {
  pages_->setCurrentIndex(1);
  editor_->open(view);
}

bool StepsPanel::view_enlarged() const { return pages_->currentIndex() == 1; }

QString StepsPanel::contact_text() const { return contact_->text(); }
double StepsPanel::threshold() const { return threshold_->value() / 100.0; }

void StepsPanel::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  const bool new_body = analysis && (!analysis_ || analysis->body != analysis_->body);
  const bool new_object = analysis && (!analysis_ || analysis->object != analysis_->object);
  analysis_ = std::move(analysis);
  if (new_body && analysis_->body) body_areas_ = geometry::vertex_areas(analysis_->body->mesh);
  if (new_object && analysis_->object) object_areas_ = geometry::vertex_areas(analysis_->object->mesh);
  stages_->set_analysis(analysis_);
  strip_->set_analysis(analysis_);
  editor_->set_analysis(analysis_);
  answer_->set_analysis(analysis_);
  fill_contact();
  if (!analysis_) {
    rmse_->set_series({});
    losses_->set_series({});
    pages_->setCurrentIndex(0);
    return;
  }
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
  std::vector<PlotWidget::Series> series = {total, mask, contact, centroid};
  if (analysis_->fit) {
    QColor faint = palette().color(QPalette::WindowText);
    faint.setAlpha(90);
    for (const auto& trial : analysis_->fit->trials) {
      if (trial.chosen) continue;
      PlotWidget::Series other{tr("other starts"), faint, {}, true};
      for (const auto& r : trial.records) other.values.push_back(r.loss_total);
      series.push_back(std::move(other));
    }
  }
  losses_->set_series(std::move(series));
}

void StepsPanel::fill_contact() {
  const auto t = static_cast<float>(threshold());
  threshold_label_->setText(tr("Contact above %1").arg(static_cast<double>(t), 0, 'f', 2));
  if (!analysis_ || !analysis_->body_contact || !analysis_->object_contact) {
    contact_->setText(tr("No contact yet."));
    threshold_->setEnabled(false);
    return;
  }
  threshold_->setEnabled(true);
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
  stages_->set_current(position.stage);
  rmse_->set_cursor(position.stage == Stage::align ? position.step : -1);
  losses_->set_cursor(position.stage == Stage::fit ? position.step : -1);
  const bool at_view = position.stage == Stage::views || position.stage == Stage::predict;
  // Before the masks are predicted on the timeline, the views are bare.
  strip_->set_current(at_view ? position.step : -1, position.stage >= Stage::predict);
  if (view_enlarged() && at_view && editor_->canvas()->view() != position.step) editor_->open(position.step);
}

}  // namespace tactus::ui
