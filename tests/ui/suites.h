#pragma once

#include <QObject>
#include <memory>
#include <utility>
#include <vector>

namespace tactus::test {

std::unique_ptr<QObject> make_window_suite();

inline std::vector<std::pair<const char*, std::unique_ptr<QObject> (*)()>> suites() {
  return {{"window", make_window_suite}};
}

}  // namespace tactus::test
