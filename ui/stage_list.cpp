#include "tactus/ui/stage_list.h"

#include <QApplication>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "tactus/ui/elided_label.h"

namespace tactus::ui {

using pipeline::Stage;
using pipeline::StageState;

namespace {

constexpr QRgb kFailed = 0xffe0645a, kDone = 0xff4cb782, kStale = 0xffd9a441;

}  // namespace

class StageRow : public QWidget {
 public:
  StageRow(Stage stage, StageList* list) : stage_(stage), list_(list) {
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    auto* grid = new QGridLayout(this);
    grid->setContentsMargins(28, 4, 8, 4);
    grid->setHorizontalSpacing(8);
    grid->setVerticalSpacing(4);
    name_ = new QLabel(QString::fromUtf8(pipeline::stage_name(stage)));
    name_->setMinimumWidth(name_->fontMetrics().horizontalAdvance(QStringLiteral("Photograph ")));
    message_ = new ElidedLabel;
    QSizePolicy policy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    policy.setRetainSizeWhenHidden(true);   // its room decides whether the whole message needs lines of its own
    message_->setSizePolicy(policy);
    seconds_ = new QLabel;
    seconds_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    failure_ = new QLabel;
    failure_->setTextFormat(Qt::PlainText);
    failure_->setWordWrap(true);
    failure_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    retry_ = new QPushButton(QObject::tr("Retry"));
    grid->addWidget(name_, 0, 0);
    grid->addWidget(message_, 0, 1);
    grid->addWidget(seconds_, 0, 2);
    details_ = new QLabel;
    details_->setTextFormat(Qt::PlainText);
    details_->setWordWrap(true);
    details_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    details_->hide();
    grid->addWidget(details_, 2, 0, 1, 3);
    grid->addWidget(failure_, 1, 0, 1, 2);
    grid->addWidget(retry_, 1, 2, Qt::AlignTop);
    grid->setColumnStretch(1, 1);
    failure_->hide();
    retry_->hide();
    QObject::connect(retry_, &QPushButton::clicked, list, &StageList::retry_requested);
  }

  void show_state(StageState state, const QString& message, double seconds, const QString& failure) {
    state_ = state;
    message_->set_text(message);
    message_->set_role(state == StageState::waiting ? QPalette::PlaceholderText : QPalette::WindowText);
    seconds_->setText(seconds >= 0.005 ? QObject::tr("%1 s").arg(seconds, 0, 'f', seconds < 10 ? 2 : 1) : QString());
    failure_->setText(failure);
    failure_->setVisible(!failure.isEmpty());
    retry_->setVisible(!failure.isEmpty());
    show_details();
    setAccessibleName(QStringLiteral("%1: %2 %3").arg(name_->text(), failure.isEmpty() ? message : failure, seconds_->text()));
    update();
  }
  void set_current(bool current) {
    if (current == current_) return;
    current_ = current;
    QFont f = name_->font();
    f.setBold(current);
    name_->setFont(f);
    show_details();
    update();
  }
  QString text() const { return failure_->isHidden() ? message_->text() : failure_->text(); }
  QPushButton* retry() const { return retry_; }

 protected:
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QColor ink = palette().color(QPalette::WindowText);
    if (current_) {
      QColor back = palette().color(QPalette::Highlight);
      back.setAlpha(60);
      painter.fillRect(rect(), back);
      painter.fillRect(QRect(0, 0, 3, height()), palette().color(QPalette::Highlight));
    }
    if (hasFocus()) {
      painter.setPen(QPen(palette().color(QPalette::Highlight), 1, Qt::DotLine));
      painter.setBrush(Qt::NoBrush);
      painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
    const QPointF c(15.5, name_->geometry().center().y() + 0.5);
    constexpr double r = 5.0;
    painter.setPen(Qt::NoPen);
    switch (state_) {
      case StageState::done:
        painter.setBrush(QColor(kDone));
        painter.drawEllipse(c, r, r);
        break;
      case StageState::running:
        painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(c, r - 1, r - 1);
        painter.setPen(Qt::NoPen);
        painter.setBrush(palette().color(QPalette::Highlight));
        painter.drawPie(QRectF(c.x() - r, c.y() - r, 2 * r, 2 * r), -90 * 16, -180 * 16);
        break;
      case StageState::stale:
        painter.setPen(QPen(QColor(kStale), 2, Qt::DotLine));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(c, r - 1, r - 1);
        break;
      case StageState::failed:
        painter.setPen(QPen(QColor(kFailed), 2.5));
        painter.drawLine(c + QPointF(-4, -4), c + QPointF(4, 4));
        painter.drawLine(c + QPointF(-4, 4), c + QPointF(4, -4));
        break;
      case StageState::waiting:
        painter.setPen(QPen(ink, 1.2));
        painter.setOpacity(0.5);
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(c, r - 0.5, r - 0.5);
        break;
    }
  }
  void mousePressEvent(QMouseEvent* e) override {
    press_ = e->pos();
    if (e->button() == Qt::LeftButton) Q_EMIT list_->chosen(stage_);
  }
  void mouseMoveEvent(QMouseEvent* e) override {
    if ((e->buttons() & Qt::LeftButton) && (e->pos() - press_).manhattanLength() >= QApplication::startDragDistance()) Q_EMIT list_->dragged(stage_);
  }
  void keyPressEvent(QKeyEvent* e) override {
    switch (e->key()) {
      case Qt::Key_Return:
      case Qt::Key_Enter:
      case Qt::Key_Space: Q_EMIT list_->chosen(stage_); break;
      case Qt::Key_Down: focusNextChild(); break;
      case Qt::Key_Up: focusPreviousChild(); break;
      default: QWidget::keyPressEvent(e);
    }
  }

 private:
  // What came out, in full, where one line cuts it.
  void show_details() {
    details_->setText(message_->text());
    const bool cut = message_->sizeHint().width() > message_->width();
    const bool shown = current_ && cut && failure_->isHidden();
    details_->setVisible(shown);
    message_->setVisible(!shown);
  }
  Stage stage_;
  StageList* list_;
  StageState state_ = StageState::waiting;
  bool current_ = false;
  QPoint press_;
  QLabel *name_, *seconds_, *failure_, *details_;
  ElidedLabel* message_;
  QPushButton* retry_;
};

StageList::StageList(QWidget* parent) : QWidget(parent) {
  setAccessibleName(tr("Steps"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  for (int i = 0; i < pipeline::kStageCount; ++i) {
    rows_.push_back(new StageRow(static_cast<Stage>(i), this));
    column->addWidget(rows_.back());
  }
  column->addStretch(1);
  fill();
}

void StageList::set_analysis(std::shared_ptr<const pipeline::Analysis> analysis) {
  analysis_ = std::move(analysis);
  fill();
}

void StageList::set_stale(const std::array<QString, pipeline::kStageCount>& reasons) {
  stale_ = reasons;
  fill();
}

void StageList::set_failure(Stage stage, const QString& sentence) {
  failed_ = static_cast<int>(stage);
  failure_ = sentence;
  fill();
}

void StageList::clear_failure() {
  failed_ = -1;
  failure_.clear();
  fill();
}

void StageList::set_current(Stage stage) {
  for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i]->set_current(static_cast<Stage>(i) == stage);
}

QString StageList::text_of(Stage stage) const { return rows_[static_cast<std::size_t>(stage)]->text(); }
QWidget* StageList::row(Stage stage) const { return rows_[static_cast<std::size_t>(stage)]; }
QWidget* StageList::retry_button(Stage stage) const { return rows_[static_cast<std::size_t>(stage)]->retry(); }

void StageList::fill() {
  for (int i = 0; i < pipeline::kStageCount; ++i) {
    const auto index = static_cast<std::size_t>(i);
    pipeline::StageReport report;
    if (analysis_) report = analysis_->stages[index];
    QString message = QString::fromStdString(report.message), failure;
    if (failed_ == i) {
      report.state = StageState::failed;
      failure = failure_;
      message = tr("failed");
    } else if (report.state == StageState::failed) {
      failure = message;
      message = tr("failed");
    } else if (failed_ >= 0 && i > failed_ && report.state == StageState::running) {
      report.state = StageState::waiting;
    } else if (!stale_[index].isEmpty() && report.state == StageState::done) {
      report.state = StageState::stale;
      message = stale_[index];
    } else if (report.state == StageState::running && message.isEmpty()) {
      message = tr("running …");
    } else if (report.state == StageState::stale) {
      message = tr("from before: %1").arg(message);
    }
    rows_[index]->show_state(report.state, message, report.from_cache || report.state == StageState::failed ? 0.0 : report.seconds, failure);
  }
}

}  // namespace tactus::ui
