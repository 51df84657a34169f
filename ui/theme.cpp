#include "tactus/ui/theme.h"

#include <QApplication>
#include <QLabel>
#include <QPalette>
#include <QStyleFactory>

namespace tactus::ui {

void apply_theme(QApplication& application, bool dark) {
  application.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  QPalette p;
  const auto set = [&](QPalette::ColorRole role, const char* on_dark, const char* on_light) { p.setColor(role, QColor(QLatin1String(dark ? on_dark : on_light))); };
  set(QPalette::Window, "#23262b", "#f2f3f5");
  set(QPalette::WindowText, "#e6e8eb", "#1d2024");
  set(QPalette::Base, "#1b1d21", "#ffffff");
  set(QPalette::AlternateBase, "#262a2f", "#eceef1");
  set(QPalette::Text, "#e6e8eb", "#1d2024");
  set(QPalette::PlaceholderText, "#a0a6ae", "#646a72");
  set(QPalette::Button, "#33383f", "#e2e5e9");
  set(QPalette::ButtonText, "#e6e8eb", "#1d2024");
  set(QPalette::BrightText, "#ffffff", "#000000");
  set(QPalette::Mid, "#4a5058", "#c2c7ce");
  set(QPalette::Dark, "#15171a", "#aab0b8");
  set(QPalette::Light, "#3d434b", "#ffffff");
  set(QPalette::Highlight, "#2f70da", "#1f6fe5");
  set(QPalette::HighlightedText, "#ffffff", "#ffffff");
  set(QPalette::ToolTipBase, "#33383f", "#ffffff");
  set(QPalette::ToolTipText, "#e6e8eb", "#1d2024");
  set(QPalette::Link, "#7db4ff", "#1558b8");
  p.setColor(QPalette::Disabled, QPalette::ButtonText, QColor(QLatin1String(dark ? "#7d848d" : "#8a9099")));
  p.setColor(QPalette::Disabled, QPalette::Text, QColor(QLatin1String(dark ? "#7d848d" : "#8a9099")));
  p.setColor(QPalette::Disabled, QPalette::WindowText, QColor(QLatin1String(dark ? "#7d848d" : "#8a9099")));
  application.setPalette(p);
  application.setStyleSheet(QStringLiteral(
      "QPushButton#run { background: %1; color: white; border: none; border-radius: 4px; padding: 5px 16px; font-weight: bold; }"
      "QPushButton#run:hover { background: %2; } QPushButton#run:disabled { background: %3; color: %4; }"
      "QToolButton { padding: 4px 8px; border-radius: 4px; border: 1px solid transparent; }"
      "QToolButton:hover { background: %3; } QToolButton:checked { background: %3; border-color: %1; }"
      "QToolButton#narrow { padding: 4px 5px; }"
      "QToolButton#model { padding: 2px 20px 2px 8px; } QToolButton#model::menu-indicator { subcontrol-origin: padding; subcontrol-position: right center; right: 6px; }"
      "QPushButton#needed { text-align: left; padding: 4px 10px; }"
      "QLabel#quiet { color: %4; }"
      "QLabel#scene_hint { color: %9; background: transparent; }"
      "QFrame#error_message { background: %5; border: none; border-bottom: 1px solid %6; } QFrame#error_message QLabel { color: %7; }"
      "QFrame#message { background: %8; border: none; border-bottom: 1px solid %3; } QFrame#message QLabel { color: %9; }"
      "QLabel#number { background: %3; border-radius: 13px; font-weight: bold; }"
      "QSplitter::handle { background: %3; }")
                                .arg(QLatin1String(dark ? "#2f74dd" : "#1f6fe5"), QLatin1String(dark ? "#2a66c6" : "#195dc2"), QLatin1String(dark ? "#33383f" : "#dfe3e8"),
                                     QLatin1String(dark ? "#8a919a" : "#7b828b"), QLatin1String(dark ? "#4a2a2a" : "#fdecea"), QLatin1String(dark ? "#a05a55" : "#e0a39d"),
                                     QLatin1String(dark ? "#ffdcd8" : "#7a1f17"), QLatin1String(dark ? "#243650" : "#e3eefc"), QLatin1String(dark ? "#dbe8fb" : "#173a68")));
}

QLabel* heading(const QString& text) {
  auto* label = new QLabel(text);
  QFont font = label->font();
  font.setBold(true);
  label->setFont(font);
  return label;
}

}  // namespace tactus::ui
