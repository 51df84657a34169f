#include "validation.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "looks.h"
#include "parts.h"
#include "tactus/contact/metrics.h"
#include "tactus/parallel.h"

namespace tactus::perception {
namespace {

constexpr double kVisible = 0.002;   // of the picture: a thing that shows less is not asked about

struct Overlap {
  double both = 0, either = 0;
  void add(bool mine, bool truth) {
    both += mine && truth ? 1 : 0;
    either += mine || truth ? 1 : 0;
  }
  void add(const Overlap& other) {
    both += other.both;
    either += other.either;
  }
  double iou() const { return either > 0 ? both / either : 0.0; }
};

struct Counts {
  std::array<Overlap, kPartClasses> parts;
  Overlap person, object;
  double shown = 0;   // pixels of the thing that is asked about
  std::vector<double> errors;
  double joints = 0, sides = 0, right = 0, nobody = 0, nobody_found = 0;
  bool asked = false, found = false, asked_absent = false, found_absent = false;   // about a thing that is there, about one that is not
  double thing = 0, absent_thing = 0;                                              // Looks::thing
};

// 1…categories; a thing that the picture shows, or one that it does not have.
int question(const Photograph& p, std::int64_t index, int categories, bool there) {
  if (there) {
    std::vector<int> pixels(p.categories.size(), 0);
    for (const std::uint8_t w : p.what.data)
      if (w >= kObjectBase) ++pixels[static_cast<std::size_t>(w - kObjectBase)];
    for (std::size_t k = 0; k < pixels.size(); ++k) {
      const std::size_t object = (k + static_cast<std::size_t>(index)) % pixels.size();
      if (pixels[object] >= kVisible * static_cast<double>(p.what.data.size())) return p.categories[object];
    }
    return 0;
  }
  for (int k = 0; k < categories; ++k) {
    const int category = 1 + static_cast<int>((7 * index + k) % categories);
    if (std::find(p.categories.begin(), p.categories.end(), category) == p.categories.end()) return category;
  }
  return 0;
}

void compare_joints(const Photograph& p, const Joints& joints, Counts& counts) {
  double low[2] = {1e9, 1e9}, high[2] = {-1e9, -1e9};
  for (const auto& at : p.joints) {
    for (std::size_t k = 0; k < 2; ++k) {
      low[k] = std::min(low[k], static_cast<double>(at[k]));
      high[k] = std::max(high[k], static_cast<double>(at[k]));
    }
  }
  const double height = std::max({high[0] - low[0], high[1] - low[1], 1.0});
  const auto distance = [&](int mine, int truth) {
    const auto& at = p.joints[static_cast<std::size_t>(truth)];
    return std::hypot(joints(mine, 0) - static_cast<double>(at[0]), joints(mine, 1) - static_cast<double>(at[1]));
  };
  for (int j = 0; j < body::kKeypointCount; ++j) {
    if (!p.in_picture(j)) continue;
    ++counts.joints;
    if (joints(j, 2) <= 0) continue;
    counts.errors.push_back(distance(j, j) / height);
    if (j < 5 || j > 16) continue;   // shoulders to ankles
    ++counts.sides;
    counts.right += distance(j, j) < distance(j, mirrored_joint(j)) ? 1 : 0;
  }
}

Counts compare(Network network, const Photograph& p, std::int64_t index, const Progress& quiet) {
  Counts counts;
  const int categories = static_cast<int>(network->options.categories) - 1;
  const int asked = question(p, index, categories, true);
  const Looks looks(network, p.rgb, asked, quiet);
  for (int row = 0; row < p.what.height; ++row) {
    for (int column = 0; column < p.what.width; ++column) {
      const std::size_t pixel = p.what.index(column, row);
      const int truth = p.shows_person(pixel) ? p.what.data[pixel] : 0;
      const int mine = looks.found_person() ? looks.part_at(column + 0.5, row + 0.5) : 0;
      for (int c = 1; c < kPartClasses; ++c) counts.parts[static_cast<std::size_t>(c)].add(mine == c, truth == c);
      counts.person.add(mine > 0, truth > 0);
      if (asked == 0) continue;
      const bool object = looks.object_at(column + 0.5, row + 0.5) > 0.5F;
      counts.object.add(object, p.shows(pixel, asked));
      counts.shown += p.shows(pixel, asked) ? 1 : 0;
      counts.found = counts.found || object;
    }
  }
  counts.asked = asked > 0;
  counts.thing = looks.thing();
  if (p.person) {
    compare_joints(p, looks.joints(), counts);
  } else {
    counts.nobody = 1;
    counts.nobody_found = looks.found_person() ? 1 : 0;
  }
  const int absent = index % 2 == 0 ? question(p, index, categories, false) : 0;
  if (absent > 0) {
    const Looks other(network, p.rgb, absent, quiet);
    counts.asked_absent = true;
    counts.absent_thing = other.thing();
    for (int row = 0; row < p.what.height && !counts.found_absent; ++row)
      for (int column = 0; column < p.what.width && !counts.found_absent; ++column) counts.found_absent = other.object_at(column + 0.5, row + 0.5) > 0.5F;
  }
  return counts;
}

double part_of(double some, double all) { return all > 0 ? some / all : 0.0; }

std::vector<Counts> compare_all(Network network, const DataSet& data, const Progress& progress) {
  std::vector<Counts> each(static_cast<std::size_t>(data.size()));
  const Progress quiet({}, progress.stop_token());
  std::mutex reporting;
  double finished = 0;
  parallel_for(each.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      each[i] = compare(network, data[static_cast<std::int64_t>(i)], static_cast<std::int64_t>(i), quiet);
      const std::lock_guard lock(reporting);
      finished += 1;
      progress.report(finished / static_cast<double>(each.size()));
    }
  });
  progress.check();
  return each;
}

std::map<std::string, double> scores_of(const std::vector<Counts>& each, double thing_threshold) {
  Counts all;
  std::vector<float> thing;            // of every question
  std::vector<std::uint8_t> is_there;
  double absent = 0, absent_found = 0;
  for (const Counts& c : each) {
    for (std::size_t k = 0; k < all.parts.size(); ++k) all.parts[k].add(c.parts[k]);
    all.person.add(c.person);
    if (c.asked) {
      thing.push_back(static_cast<float>(c.thing));
      is_there.push_back(1);
      all.object.add(c.thing >= thing_threshold ? c.object : Overlap{0, c.shown});
    }
    if (c.asked_absent) {
      thing.push_back(static_cast<float>(c.absent_thing));
      is_there.push_back(0);
      absent += 1;
      absent_found += c.found_absent && c.absent_thing >= thing_threshold ? 1 : 0;
    }
    all.errors.insert(all.errors.end(), c.errors.begin(), c.errors.end());
    all.joints += c.joints;
    all.sides += c.sides;
    all.right += c.right;
    all.nobody += c.nobody;
    all.nobody_found += c.nobody_found;
  }
  std::map<std::string, double> scores;
  for (const PartGroup& group : kPartGroups) {
    Overlap overlap;
    for (const int c : group.classes)
      if (c >= 0) overlap.add(all.parts[static_cast<std::size_t>(c)]);
    scores["iou_" + std::string(group.name)] = overlap.iou();
  }
  scores["iou_person"] = all.person.iou();
  scores["iou_object"] = all.object.iou();
  std::sort(all.errors.begin(), all.errors.end());
  double sum = 0;
  for (const double error : all.errors) sum += error;
  const auto found = static_cast<double>(all.errors.size());
  // Nothing found is as wrong as can be.
  scores["joint_error"] = all.errors.empty() ? 1.0 : sum / found;
  scores["joint_error_median"] = all.errors.empty() ? 1.0 : all.errors[all.errors.size() / 2];
  scores["joints_found"] = part_of(found, all.joints);
  scores["left_right"] = part_of(all.right, all.sides);
  scores["object_false"] = part_of(absent_found, absent);
  scores["thing_auc"] = contact::roc_auc(thing, is_there).value_or(0.5);
  scores["person_false"] = part_of(all.nobody_found, all.nobody);
  return scores;
}

}  // namespace

std::map<std::string, double> validate(Network network, const DataSet& data, const WeightsInfo& info, const Progress& progress) {
  return scores_of(compare_all(std::move(network), data, progress), info.thing_threshold);
}

std::map<std::string, double> validate_and_choose(Network network, const DataSet& data, WeightsInfo& info, const Progress& progress) {
  constexpr std::size_t kDenied = 20;   // one in so many
  const std::vector<Counts> each = compare_all(std::move(network), data, progress);
  std::vector<double> there;
  for (const Counts& c : each)
    if (c.asked && c.found) there.push_back(c.thing);
  std::sort(there.begin(), there.end());
  info.thing_threshold = info.options.things > 0 && !there.empty() ? there[there.size() / kDenied] : 0.0;
  return scores_of(each, info.thing_threshold);
}

}  // namespace tactus::perception
