#pragma once

#include <QRgb>

class QApplication;
class QLabel;
class QString;

namespace tactus::ui {

// Palette and style sheet of the whole program; one accent colour, text at 4.5:1 or more.
void apply_theme(QApplication& application, bool dark);

inline constexpr QRgb kObjectColour = 0xffffc83c;   // of all that is the object's: mask, box, tokens

// A title in bold over a group of controls.
QLabel* heading(const QString& text);

}  // namespace tactus::ui
