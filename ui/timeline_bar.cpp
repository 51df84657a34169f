#include "tactus/ui/timeline_bar.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QTimer>
#include <algorithm>
#include <cmath>

namespace tactus::ui {

using pipeline::Stage;

TimelineBar::TimelineBar(QWidget* parent) : QWidget(parent), timer_(new QTimer(this)) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Timeline"));
  setMinimumHeight(54);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  timer_->setInterval(33);
  connect(timer_, &QTimer::timeout, this, [this] {
    const auto before = position_;
    step(1);
    if (position_ == before) {
      timer_->stop();
      update();
    }
  });
}

void TimelineBar::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  analysis_ = std::move(analysis);
  update();
}

std::vector<TimelineBar::Span> TimelineBar::spans() const {
  std::vector<Span> list;
  double total = 0.0;
  // A stage's share grows with its steps, but a single step stays wide enough to read its name.
  const auto weight = [](Stage stage, int steps) {
    if (stage == Stage::fit) return 6.0;
    if (stage == Stage::align) return 2.2;
    return stage == Stage::views || stage == Stage::predict ? 1.8 : 1.0 + 0.0 * steps;
  };
  for (int i = 0; i < pipeline::kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    list.push_back({stage, analysis_ ? pipeline::step_count(*analysis_, stage) : 0, {}});
    total += weight(stage, list.back().steps);
  }
  double x = 52;
  const double room = width() - x - 12 - 3.0 * (pipeline::kStageCount - 1);
  for (auto& span : list) {
    const double w = room * weight(span.stage, span.steps) / total;
    span.rect = {x, 8, w, 26};
    x += w + 3.0;
  }
  return list;
}

QRectF TimelineBar::play_button() const { return {10, 8, 32, 26}; }

void TimelineBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor ink = palette().color(QPalette::WindowText), accent = palette().color(QPalette::Highlight);
  painter.setPen(Qt::NoPen);
  painter.setBrush(palette().color(QPalette::Button));
  painter.drawRoundedRect(play_button(), 4, 4);
  painter.setBrush(ink);
  const QPointF c = play_button().center();
  if (playing()) {
    painter.drawRect(QRectF(c.x() - 5, c.y() - 6, 4, 12));
    painter.drawRect(QRectF(c.x() + 2, c.y() - 6, 4, 12));
  } else {
    painter.drawPolygon(QPolygonF({{c.x() - 4, c.y() - 7}, {c.x() + 7, c.y()}, {c.x() - 4, c.y() + 7}}));
  }
  QFont small = font();
  small.setPointSizeF(std::max(7.0, small.pointSizeF() - 1.0));
  painter.setFont(small);
  for (const auto& span : spans()) {
    const bool current = span.stage == position_.stage && span.steps > 0;
    QColor fill = palette().color(QPalette::Button);
    const auto state = analysis_ ? analysis_->report(span.stage).state : pipeline::StageState::waiting;
    if (span.steps == 0) fill.setAlpha(110);
    painter.setPen(Qt::NoPen);
    painter.setBrush(fill);
    painter.drawRoundedRect(span.rect, 4, 4);
    if (current && span.steps > 1) {
      QRectF done = span.rect;
      done.setWidth(span.rect.width() * (position_.step + 1.0) / span.steps);
      QColor passed = accent;
      passed.setAlpha(90);
      painter.setBrush(passed);
      painter.drawRoundedRect(done, 4, 4);
    } else if (current) {
      QColor passed = accent;
      passed.setAlpha(90);
      painter.setBrush(passed);
      painter.drawRoundedRect(span.rect, 4, 4);
    }
    // A tick an iteration while they can be told apart.
    if (span.steps > 1 && span.rect.width() / span.steps > 3.0) {
      QColor tick = ink;
      tick.setAlpha(70);
      painter.setPen(tick);
      for (int i = 1; i < span.steps; ++i) {
        const double x = span.rect.left() + span.rect.width() * i / span.steps;
        painter.drawLine(QPointF(x, span.rect.bottom() - 5), QPointF(x, span.rect.bottom() - 1));
      }
    }
    QColor label = state == pipeline::StageState::failed ? QColor(220, 80, 70) : ink;
    if (span.steps == 0 && state != pipeline::StageState::failed) label.setAlpha(140);
    painter.setPen(label);
    painter.drawText(span.rect.adjusted(2, 0, -2, -2), Qt::AlignCenter, painter.fontMetrics().elidedText(QString::fromUtf8(pipeline::stage_name(span.stage)), Qt::ElideRight, static_cast<int>(span.rect.width()) - 4));
    if (current) {
      const double x = span.rect.left() + span.rect.width() * (position_.step + 0.5) / span.steps;
      painter.setPen(QPen(accent, 2.5));
      painter.drawLine(QPointF(x, span.rect.top() - 4), QPointF(x, span.rect.bottom() + 4));
      painter.setPen(ink);
      const QString text = span.steps > 1 ? tr("%1 %2 of %3").arg(span.stage == Stage::views || span.stage == Stage::predict ? tr("view") : tr("iteration")).arg(position_.step + 1).arg(span.steps)
                                          : QString::fromUtf8(pipeline::stage_name(span.stage));
      const double w = painter.fontMetrics().horizontalAdvance(text) + 8;
      painter.drawText(QRectF(std::clamp(x - w / 2, 52.0, width() - 12.0 - w), span.rect.bottom() + 3, w, 16), Qt::AlignCenter, text);
    }
  }
  if (hasFocus()) {
    painter.setPen(QPen(accent, 1, Qt::DotLine));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
  }
}

void TimelineBar::set_position(const pipeline::TimelinePosition& position) {
  if (position == position_) return;
  position_ = position;
  update();
  Q_EMIT position_changed(position_);
}

void TimelineBar::seek(const QPointF& at) {
  Q_EMIT taken();
  for (const auto& span : spans()) {
    if (span.steps == 0 || at.x() < span.rect.left() - 2 || at.x() > span.rect.right() + 2) continue;
    const int step = std::clamp(static_cast<int>((at.x() - span.rect.left()) / span.rect.width() * span.steps), 0, span.steps - 1);
    set_position({span.stage, step});
    return;
  }
}

void TimelineBar::mousePressEvent(QMouseEvent* e) {
  if (play_button().contains(e->position())) {
    toggle_play();
    return;
  }
  timer_->stop();
  seek(e->position());
}

void TimelineBar::mouseMoveEvent(QMouseEvent* e) {
  if (e->buttons() & Qt::LeftButton) seek(e->position());
}

void TimelineBar::step(int by) {
  const auto list = spans();
  auto at = static_cast<std::size_t>(position_.stage);
  int step = position_.step + by;
  while (step >= list[at].steps || step < 0) {
    if (step < 0) {
      std::size_t before = at;
      while (before > 0 && list[before - 1].steps == 0) --before;
      if (before == 0) return;
      at = before - 1;
      step = list[at].steps - 1;
    } else {
      std::size_t after = at + 1;
      while (after < list.size() && list[after].steps == 0) ++after;
      if (after >= list.size()) return;
      at = after;
      step = 0;
    }
  }
  set_position({list[at].stage, step});
}

void TimelineBar::jump_stage(int direction) {
  const auto list = spans();
  int at = static_cast<int>(position_.stage);
  if (direction < 0 && position_.step > 0) {
    set_position({position_.stage, 0});
    return;
  }
  do at += direction;
  while (at >= 0 && at < pipeline::kStageCount && list[static_cast<std::size_t>(at)].steps == 0);
  if (at >= 0 && at < pipeline::kStageCount) set_position({static_cast<Stage>(at), 0});
}

void TimelineBar::go_to_end() {
  const auto list = spans();
  for (auto it = list.rbegin(); it != list.rend(); ++it) {
    if (it->steps == 0) continue;
    set_position({it->stage, it->steps - 1});
    return;
  }
}

bool TimelineBar::playing() const { return timer_->isActive(); }

void TimelineBar::toggle_play() {
  if (timer_->isActive()) {
    timer_->stop();
  } else {
    const auto before = position_;
    step(1);
    if (position_ == before) set_position({Stage::photograph, 0});   // at the end: from the start again
    timer_->start();
  }
  update();
}

bool TimelineBar::handle_key(QKeyEvent* e) {
  if (e->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier)) return false;
  switch (e->key()) {
    case Qt::Key_Space:
    case Qt::Key_Left:
    case Qt::Key_Right:
    case Qt::Key_Home:
    case Qt::Key_End: Q_EMIT taken(); break;
    default: return false;
  }
  switch (e->key()) {
    case Qt::Key_Space: toggle_play(); break;
    case Qt::Key_Left: step(-1); break;
    case Qt::Key_Right: step(1); break;
    case Qt::Key_Home: jump_stage(-1); break;
    default: jump_stage(1); break;
  }
  return true;
}

void TimelineBar::keyPressEvent(QKeyEvent* e) {
  if (!handle_key(e)) QWidget::keyPressEvent(e);
}

}  // namespace tactus::ui
