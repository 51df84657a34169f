#include "parts.h"

#include <algorithm>
#include <string>

#include "tactus/error.h"

namespace tactus::perception {
namespace {

template <typename Names>
int place_of(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

// The same name of the other side; names without a side stay.
std::string other_side(std::string_view name) {
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"left", "right"}, {"right", "left"}})
    if (name.starts_with(from)) return std::string(to) + std::string(name.substr(from.size()));
  return std::string(name);
}

}  // namespace

int part_class(std::string_view part_name) {
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), part_name) != names.end();
  };
  if (is({"head", "face", "neck"})) return 1;
  if (is({"abdomen", "chest", "lower back", "upper back"})) return 2;
  const auto space = part_name.find(' ');
  const std::string_view side = part_name.substr(0, space), part = space == std::string_view::npos ? "" : part_name.substr(space + 1);
  if (side == "left" || side == "right") {
    if (part == "shoulder" || part == "hip" || part == "buttock") return 2;
    const std::string_view whole = part == "fingers" ? "hand" : part == "sole" || part == "toes" ? "foot" : part;
    const int found = place_of(kPartClassNames, std::string(side) + " " + std::string(whole));
    if (found > 0) return found;
  }
  throw bad_input("part: \"" + std::string(part_name) + "\" is no part that the perception knows; rename it as those of the default body");
}

int mirrored_class(int part_class) {
  return place_of(kPartClassNames, other_side(kPartClassNames.at(static_cast<std::size_t>(part_class))));
}

int mirrored_joint(int joint) {
  return place_of(body::kKeypointNames, other_side(body::kKeypointNames.at(static_cast<std::size_t>(joint))));
}

}  // namespace tactus::perception
