// A curve of block characters for the terminal.
#pragma once

#include <string>
#include <vector>

namespace tactus::training {

// `columns` means of equal parts of `values`, scaled to their own range. Empty without values.
std::string curve(const std::vector<float>& values, int columns);

}  // namespace tactus::training
