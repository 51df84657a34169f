#include "tactus/ui/welcome.h"

#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace tactus::ui {

Welcome::Welcome(const std::vector<std::string>& samples, QWidget* parent) : QWidget(parent) {
  setAutoFillBackground(true);
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(24, 24, 24, 24);
  outer->addStretch(2);
  auto* title = new QLabel(tr("Where does a person touch the thing?"));
  title->setWordWrap(true);
  title->setAlignment(Qt::AlignCenter);
  QFont large = title->font();
  large.setPointSizeF(large.pointSizeF() * 1.5);
  large.setBold(true);
  title->setFont(large);
  outer->addWidget(title);
  outer->addSpacing(16);
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(12);
  grid->setVerticalSpacing(10);
  const QStringList lines = {tr("Drop a photograph onto the window, or open one."), tr("Type a question, and mark the person and the object."), tr("Press Analyse, then drag the timeline to see each step.")};
  for (int i = 0; i < lines.size(); ++i) {
    auto* number = new QLabel(QString::number(i + 1));
    number->setObjectName(QStringLiteral("number"));
    number->setAlignment(Qt::AlignCenter);
    number->setFixedSize(26, 26);
    auto* text = new QLabel(lines[i]);
    text->setWordWrap(true);
    grid->addWidget(number, i, 0, Qt::AlignTop);
    grid->addWidget(text, i, 1, Qt::AlignVCenter);
  }
  grid->setColumnStretch(1, 1);
  auto* middle = new QWidget;
  middle->setMaximumWidth(420);
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(0, 0, 0, 0);
  column->addLayout(grid);
  column->addSpacing(16);
  auto* open = new QPushButton(tr("Open a photograph…"));
  open->setObjectName(QStringLiteral("run"));
  connect(open, &QPushButton::clicked, this, &Welcome::open_requested);
  column->addWidget(open);
  if (!samples.empty()) {
    column->addSpacing(8);
    auto* or_sample = new QLabel(tr("or try a sample:"));
    or_sample->setAlignment(Qt::AlignCenter);
    column->addWidget(or_sample);
    for (const auto& name : samples) {
      const QString sample = QString::fromStdString(name);
      auto* button = new QPushButton(sample.left(1).toUpper() + sample.mid(1));
      button->setAccessibleName(tr("Open the sample %1").arg(sample));
      button->setObjectName(QStringLiteral("sample_") + sample);
      connect(button, &QPushButton::clicked, this, [this, sample] { Q_EMIT sample_requested(sample); });
      column->addWidget(button);
    }
  }
  auto* row = new QHBoxLayout;
  row->addStretch(1);
  row->addWidget(middle, 4);
  row->addStretch(1);
  outer->addLayout(row);
  outer->addStretch(3);
}

}  // namespace tactus::ui
