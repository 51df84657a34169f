#include "tactus/ui/needed_list.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace tactus::ui {

NeededList::NeededList(QWidget* parent) : QWidget(parent), heading_(new QLabel), column_(new QVBoxLayout(this)) {
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(4);
  heading_->setWordWrap(true);
  column_->addWidget(heading_);
  hide();
}

void NeededList::set_items(const QString& heading, const std::vector<Item>& items) {
  heading_->setText(heading);
  heading_->setVisible(!heading.isEmpty());
  setVisible(!heading.isEmpty() || !items.empty());
  const bool same = items.size() == items_.size() && std::equal(items.begin(), items.end(), items_.begin(), [](const Item& a, const Item& b) { return a.need == b.need; });
  if (same) return;
  items_ = items;
  for (auto* button : buttons_) {
    button->hide();
    button->deleteLater();
  }
  buttons_.clear();
  for (const auto& item : items) {
    auto* button = new QPushButton(item.text);
    button->setObjectName(QStringLiteral("needed"));
    button->setToolTip(item.why);
    button->setAutoDefault(false);
    connect(button, &QPushButton::clicked, this, [this, need = item.need] { Q_EMIT chosen(need); });
    column_->addWidget(button);
    buttons_.push_back(button);
  }
}

QString NeededList::text() const {
  if (isHidden()) return {};
  QStringList parts{heading_->text()};
  for (const auto& item : items_) parts << item.text;
  return parts.join(QStringLiteral("; "));
}

}  // namespace tactus::ui
