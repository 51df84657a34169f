#include "tactus/ui/message_area.h"

#include <QApplication>
#include <QClipboard>
#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace tactus::ui {

MessageArea::MessageArea(QWidget* parent) : QWidget(parent), column_(new QVBoxLayout(this)) {
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(1);
  hide();
}

void MessageArea::show_message(const QString& id, Kind kind, const QString& text, const std::vector<Action>& actions) {
  dismiss(id);
  auto* frame = new QFrame;
  frame->setObjectName(kind == Kind::error ? QStringLiteral("error_message") : QStringLiteral("message"));
  auto* row = new QHBoxLayout(frame);
  row->setContentsMargins(12, 5, 8, 5);
  row->setSpacing(8);
  auto* label = new QLabel(text);
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  label->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::MinimumExpanding);
  row->addWidget(label, 1);
  const auto button = [&](const QString& name, bool closes, std::function<void()> chosen) {
    auto* b = new QPushButton(name);
    b->setAutoDefault(false);
    connect(b, &QPushButton::clicked, this, [this, id, closes, chosen = std::move(chosen)] {
      const auto action = chosen;   // dismissing deletes this
      if (closes) dismiss(id);
      if (action) action();
    });
    row->addWidget(b, 0, Qt::AlignVCenter);
  };
  for (const auto& action : actions) button(action.text, true, action.chosen);
  if (kind == Kind::error) button(tr("Copy"), false, [text] { QApplication::clipboard()->setText(text); });
  if (kind != Kind::question) button(tr("Dismiss"), true, {});
  column_->addWidget(frame);
  entries_[id] = {frame, text};
  show();
}

void MessageArea::dismiss(const QString& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.frame->hide();
  found->second.frame->deleteLater();
  entries_.erase(found);
  setVisible(!entries_.empty());
}

QString MessageArea::text(const QString& id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? QString() : found->second.text;
}

}  // namespace tactus::ui
