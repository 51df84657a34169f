#pragma once

class QApplication;

namespace tactus::ui {

// Palette and style sheet of the whole program; one accent colour, text at 4.5:1 or more.
void apply_theme(QApplication& application, bool dark);

}  // namespace tactus::ui
