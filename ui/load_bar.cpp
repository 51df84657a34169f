#include "tactus/ui/load_bar.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>

#include "tactus/ui/elided_label.h"

namespace tactus::ui {

LoadBar::LoadBar(QWidget* parent) : QFrame(parent), label_(new ElidedLabel), bar_(new QProgressBar), cancel_(new QPushButton(tr("Cancel"))) {
  setObjectName(QStringLiteral("message"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(12, 5, 8, 5);
  row->setSpacing(8);
  row->addWidget(label_, 1);
  bar_->setRange(0, 1000);
  bar_->setTextVisible(false);
  bar_->setFixedWidth(200);
  bar_->setAccessibleName(tr("Loading"));
  row->addWidget(bar_);
  cancel_->setAutoDefault(false);
  cancel_->setToolTip(tr("Stop loading; what was there before stays"));
  row->addWidget(cancel_);
  connect(cancel_, &QPushButton::clicked, this, [this] {
    cancel_->setEnabled(false);
    label_->set_text(tr("%1: stopping …").arg(what_));
    Q_EMIT cancel_requested();
  });
  hide();
}

void LoadBar::begin(const QString& what) {
  what_ = what;
  label_->set_text(tr("%1 …").arg(what));
  bar_->setValue(0);
  cancel_->setEnabled(true);
  show();
}

void LoadBar::set_progress(double fraction, const QString& message) {
  if (!cancel_->isEnabled()) return;   // it stops already
  bar_->setValue(static_cast<int>(1000 * fraction));
  label_->set_text(message.isEmpty() ? tr("%1 …").arg(what_) : QStringLiteral("%1: %2").arg(what_, message));
}

QString LoadBar::text() const { return label_->text(); }
double LoadBar::fraction() const { return bar_->value() / 1000.0; }

}  // namespace tactus::ui
