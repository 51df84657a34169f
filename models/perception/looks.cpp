#include "looks.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "objective.h"
#include "parts.h"

namespace tactus::perception {
namespace {

constexpr int kWindow = 2;              // map pixels on each side of the peak that a joint's place is the mean over
constexpr int kFewestPixels = 6;        // of the whole look's map: fewer are no person
constexpr float kScrap = 0.1F;          // pieces smaller than this part of the largest one are dropped
constexpr double kMargin = 1.3;         // of the second look around the person
constexpr double kFeather = 0.08;       // of its side: where the two looks are mixed
constexpr int kCloseRow = 2;            // closer looks a row and column of the second look
constexpr double kCloseSide = 0.7;      // of its side: they overlap by more than half
constexpr double kCloseFeather = 0.15;  // of their side: how much a closer look counts at its edges
constexpr double kCloseJoint = 0.06;    // of the second look's side: a joint found further away is another one
constexpr double kSureJoint = 0.3;      // confidence from which a closer look moves a joint
constexpr double kWideJoint = 0.3;      // how much the second look counts beside a closer one for a joint's place
constexpr double kJointEdge = 0.1, kJointInside = 0.3;   // of a closer look's side: nearer to its edge a joint is not taken, further in it counts whole
constexpr double kFaintJoint = 0.15;    // confidence below which a joint is in a wrong place more often than not
constexpr double kPersonJoint = 0.3;    // confidence that some joint of a person has: in pictures of nobody few reach it
constexpr double kEagerness = 0.4;      // the power of the training's class weights that is taken back

// Pixels above 0.5 that hang together, 4 neighbours: pieces much smaller than the largest are lowered below 0.5.
void drop_scraps(std::vector<float>& map, int size) {
  std::vector<int> piece(map.size(), -1), sizes, stack;
  for (int start = 0; start < static_cast<int>(map.size()); ++start) {
    if (map[static_cast<std::size_t>(start)] <= 0.5F || piece[static_cast<std::size_t>(start)] >= 0) continue;
    const int number = static_cast<int>(sizes.size());
    sizes.push_back(0);
    stack.assign(1, start);
    piece[static_cast<std::size_t>(start)] = number;
    while (!stack.empty()) {
      const int at = stack.back(), column = at % size, row = at / size;
      stack.pop_back();
      ++sizes.back();
      const auto visit = [&](int c, int r) {
        if (c < 0 || r < 0 || c >= size || r >= size) return;
        const auto next = static_cast<std::size_t>(r * size + c);
        if (map[next] <= 0.5F || piece[next] >= 0) return;
        piece[next] = number;
        stack.push_back(r * size + c);
      };
      visit(column - 1, row);
      visit(column + 1, row);
      visit(column, row - 1);
      visit(column, row + 1);
    }
  }
  if (sizes.empty()) return;
  const float fewest = kScrap * static_cast<float>(*std::max_element(sizes.begin(), sizes.end()));
  for (std::size_t i = 0; i < map.size(); ++i)
    if (piece[i] >= 0 && static_cast<float>(sizes[static_cast<std::size_t>(piece[i])]) < fewest) map[i] = 0.45F;
}

at::Tensor index_of(int count, int (*mirrored)(int)) {
  std::vector<std::int64_t> order;
  for (int i = 0; i < count; ++i) order.push_back(mirrored(i));
  return at::tensor(order, at::kLong);
}

// [K, M, M] of a picture and of its mirror image → [K, M, M]. Channel k of the one is channel order[k] of the other.
at::Tensor both(const at::Tensor& maps, const at::Tensor& mirrored, const at::Tensor& order) {
  return ((maps + mirrored.flip({2}).index_select(0, order)) * 0.5).contiguous();
}

std::vector<float> values(const at::Tensor& t) { return {t.const_data_ptr<float>(), t.const_data_ptr<float>() + t.numel()}; }

}  // namespace

Eigen::Vector3d peak_of(const float* probability, int size) {
  const int peak = static_cast<int>(std::max_element(probability, probability + static_cast<std::ptrdiff_t>(size) * size) - probability);
  const int column = peak % size, row = peak / size;
  double mass = 0, x = 0, y = 0;
  for (int r = std::max(0, row - kWindow); r <= std::min(size - 1, row + kWindow); ++r) {
    for (int c = std::max(0, column - kWindow); c <= std::min(size - 1, column + kWindow); ++c) {
      const auto p = static_cast<double>(probability[r * size + c]);
      mass += p;
      x += p * (c + 0.5);
      y += p * (r + 0.5);
    }
  }
  return {x / std::max(mass, 1e-12), y / std::max(mass, 1e-12), std::min(mass, 1.0)};
}

namespace {

// The training counts small parts more than large ones, which makes them too large: its weights (those of a configuration that does not
// say others) are taken back in part. [1, classes, 1, 1]
at::Tensor eagerness() {
  const at::Tensor weights = class_weights(TrainOptions::Loss{});
  return (kEagerness * weights.log()).reshape({1, kPartClasses, 1, 1});
}

// Distance from the edges of a box, in its sides; negative beyond them.
double depth_in(const Box& box, const Eigen::Vector2d& point) {
  const Eigen::Vector2d at = box.to_crop(point, 1.0);
  return std::min({at.x(), at.y(), 1.0 - at.x(), 1.0 - at.y()});
}

}  // namespace

std::vector<Box> closer_boxes(const Box& box) {
  const double side = kCloseSide * box.side, step = (box.side - side) / (kCloseRow - 1);
  std::vector<Box> boxes;
  for (int row = 0; row < kCloseRow; ++row)
    for (int column = 0; column < kCloseRow; ++column) boxes.push_back({box.x + column * step, box.y + row * step, side});
  return boxes;
}

Look fused(const Look& wide, const std::vector<Look>& closer) {
  Look all;
  all.box = wide.box;
  all.size = 2 * wide.size;
  all.joints = wide.joints;
  const auto pixels = static_cast<std::size_t>(all.size) * static_cast<std::size_t>(all.size);
  all.parts.resize(kPartClasses * pixels);
  all.person.resize(pixels);
  all.object.resize(pixels);
  for (int row = 0; row < all.size; ++row) {
    for (int column = 0; column < all.size; ++column) {
      const auto to = static_cast<std::size_t>(row * all.size + column);
      const Eigen::Vector2d at = all.box.to_photo({column + 0.5, row + 0.5}, all.size);
      std::array<float, kPartClasses> parts{};
      float object = 0, total = 0;
      const auto add = [&](const Look& look, float weight) {
        const std::size_t step = static_cast<std::size_t>(look.size) * static_cast<std::size_t>(look.size);
        for (std::size_t c = 0; c < parts.size(); ++c) parts[c] += weight * value_at(look.parts.data() + c * step, look.size, look.box, at.x(), at.y());
        object += weight * value_at(look.object.data(), look.size, look.box, at.x(), at.y());
        total += weight;
      };
      add(wide, 1.0F);
      for (const Look& look : closer) {
        const double weight = std::min(depth_in(look.box, at) / kCloseFeather, 1.0);
        if (weight > 0) add(look, static_cast<float>(weight));
      }
      for (std::size_t c = 0; c < parts.size(); ++c) all.parts[c * pixels + to] = parts[c] / total;
      all.person[to] = 1.0F - parts[0] / total;
      all.object[to] = object / total;
    }
  }
  drop_scraps(all.person, all.size);
  drop_scraps(all.object, all.size);
  // A closer look knows better where a joint is, but not whether it is the left or the right one.
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const Eigen::Vector2d first = wide.joints.row(j).head<2>().transpose();
    double total = kWideJoint * wide.joints(j, 2);
    if (total <= 0) continue;
    Eigen::Vector2d sum = total * first;
    for (const Look& look : closer) {
      const Eigen::Vector2d there = look.joints.row(j).head<2>().transpose();
      const double depth = depth_in(look.box, first);
      if (depth < kJointEdge || look.joints(j, 2) < kSureJoint || (there - first).norm() > kCloseJoint * wide.box.side) continue;
      const double weight = look.joints(j, 2) * std::min(depth / kJointInside, 1.0);
      sum += weight * there;
      total += weight;
    }
    all.joints.row(j).head<2>() = (sum / total).transpose();
  }
  return all;
}

std::vector<Look> look_at(Network network, const ImageU8& rgb, const std::vector<Box>& boxes, std::int64_t category) {
  const c10::InferenceMode inference;
  const auto size = static_cast<int>(network->options.image);
  const auto count = static_cast<std::int64_t>(boxes.size());
  at::Tensor image = at::empty({count, 3, size, size});
  for (std::int64_t i = 0; i < count; ++i) crop_picture(rgb, boxes[static_cast<std::size_t>(i)], size, image[i].data_ptr<float>());
  const Output output = network->forward(at::cat({image, image.flip({3})}, 0), at::full({2 * count}, category, at::kLong));
  const at::Tensor other_joint = index_of(body::kKeypointCount, mirrored_joint), other_part = index_of(kPartClasses, mirrored_class);
  const at::Tensor parts = at::softmax(output.parts - eagerness(), 1), object = at::sigmoid(output.object).unsqueeze(1);
  const at::Tensor heat = at::softmax(output.joints.flatten(2), 2).reshape(output.joints.sizes()), seen = at::sigmoid(output.seen);
  const at::Tensor things = output.things.defined() ? at::softmax(output.things, 1).narrow(1, category, 1) : at::Tensor();
  std::vector<Look> looks(boxes.size());
  for (std::int64_t i = 0; i < count; ++i) {
    Look& look = looks[static_cast<std::size_t>(i)];
    const auto pair = [&](const at::Tensor& all, const at::Tensor& order) { return both(all[i], all[count + i], order); };
    look.box = boxes[static_cast<std::size_t>(i)];
    look.size = size / 2;
    look.parts = values(pair(parts, other_part));
    const auto pixels = static_cast<std::size_t>(look.size) * static_cast<std::size_t>(look.size);
    look.thing = output.things.defined() ? pair(things, at::zeros({1}, at::kLong)).max().item<double>() : 1.0;
    look.object.assign(pixels, 0.0F);
    if (category > 0) look.object = values(pair(object, at::zeros({1}, at::kLong)));
    const at::Tensor places = pair(heat, other_joint), probabilities = ((seen[i] + seen[count + i].index_select(0, other_joint)) * 0.5).contiguous();
    for (int j = 0; j < body::kKeypointCount; ++j) {
      const double probability = static_cast<double>(probabilities.const_data_ptr<float>()[j]);
      if (probability < 0.5) continue;
      const Eigen::Vector3d peak = peak_of(places.const_data_ptr<float>() + static_cast<std::size_t>(j) * pixels, look.size);
      look.joints.row(j).head<2>() = look.box.to_photo(peak.head<2>(), look.size).transpose();
      look.joints(j, 2) = probability * peak.z();
    }
  }
  return looks;
}

Looks::Looks(Network network, const ImageU8& rgb, std::int64_t category, const Progress& progress) {
  progress.check();
  whole_ = std::move(look_at(network, rgb, {whole_box(rgb.width, rgb.height)}, category).front());
  whole_.person.assign(whole_.parts.begin(), whole_.parts.begin() + static_cast<std::ptrdiff_t>(whole_.size) * whole_.size);   // no person
  for (float& p : whole_.person) p = 1.0F - p;
  drop_scraps(whole_.person, whole_.size);
  drop_scraps(whole_.object, whole_.size);
  near_ = whole_;
  thing_ = whole_.thing;
  progress.report(0.2);
  progress.check();
  // The person's pixels and joints in the first look.
  double low_x = 1e9, low_y = 1e9, high_x = -1e9, high_y = -1e9;
  int pixels = 0;
  const auto add = [&](const Eigen::Vector2d& p) {
    low_x = std::min(low_x, p.x());
    low_y = std::min(low_y, p.y());
    high_x = std::max(high_x, p.x());
    high_y = std::max(high_y, p.y());
  };
  for (int row = 0; row < whole_.size; ++row) {
    for (int column = 0; column < whole_.size; ++column) {
      if (whole_.person[static_cast<std::size_t>(row * whole_.size + column)] <= 0.5F) continue;
      ++pixels;
      add(whole_.box.to_photo({column, row}, whole_.size));
      add(whole_.box.to_photo({column + 1.0, row + 1.0}, whole_.size));
    }
  }
  found_person_ = pixels >= kFewestPixels;
  if (!found_person_) return;
  for (int j = 0; j < body::kKeypointCount; ++j)
    if (whole_.joints(j, 2) > 0.3) add(whole_.joints.row(j).head<2>().transpose());
  const double side = kMargin * std::max(high_x - low_x, high_y - low_y);
  const Look person = std::move(look_at(network, rgb, {{0.5 * (low_x + high_x - side), 0.5 * (low_y + high_y - side), side}}, category).front());
  progress.report(0.4);
  progress.check();
  const std::vector<Look> closer = look_at(network, rgb, closer_boxes(person.box), category);
  near_ = fused(person, closer);
  thing_ = std::max(thing_, person.thing);
  for (const Look& look : closer) thing_ = std::max(thing_, look.thing);
  progress.report(0.8);
  progress.check();
  joints_ = near_.joints;
  for (int j = 0; j < body::kKeypointCount; ++j) {
    // What the second look cannot see, the first may have.
    const Eigen::Vector2d first = near_.box.to_crop(whole_.joints.row(j).head<2>().transpose(), 1.0);
    if (joints_(j, 2) < kFaintJoint && (first.array() < 0.0 || first.array() > 1.0).any()) joints_.row(j) = whole_.joints.row(j);
    const bool outside = joints_(j, 0) < 0 || joints_(j, 1) < 0 || joints_(j, 0) >= rgb.width || joints_(j, 1) >= rgb.height;
    if (outside || joints_(j, 2) < kFaintJoint) joints_.row(j).setZero();
  }
  found_person_ = joints_.col(2).maxCoeff() >= kPersonJoint;
  if (!found_person_) joints_.setZero();
}

// 1 well inside the second look, 0 outside.
double Looks::share_of_near(double x, double y) const {
  const Eigen::Vector2d at = near_.box.to_crop({x, y}, 1.0);
  const double inside = std::min({at.x(), at.y(), 1.0 - at.x(), 1.0 - at.y()});
  return std::clamp(inside / kFeather, 0.0, 1.0);
}

float Looks::person_at(double x, double y) const {
  const auto share = static_cast<float>(share_of_near(x, y));
  const float near = share > 0 ? value_at(near_.person.data(), near_.size, near_.box, x, y) : 0.0F;
  return share < 1 ? share * near + (1 - share) * value_at(whole_.person.data(), whole_.size, whole_.box, x, y) : near;
}

float Looks::object_at(double x, double y) const {
  const auto share = static_cast<float>(share_of_near(x, y));
  const float near = share > 0 ? value_at(near_.object.data(), near_.size, near_.box, x, y) : 0.0F;
  return share < 1 ? share * near + (1 - share) * value_at(whole_.object.data(), whole_.size, whole_.box, x, y) : near;
}

int Looks::part_at(double x, double y) const {
  if (person_at(x, y) <= 0.5F) return 0;
  const Look& look = share_of_near(x, y) > 0 ? near_ : whole_;
  const std::size_t pixels = static_cast<std::size_t>(look.size) * static_cast<std::size_t>(look.size);
  int best = 1;
  float most = -1;
  for (int c = 1; c < kPartClasses; ++c) {
    const float p = value_at(look.parts.data() + static_cast<std::size_t>(c) * pixels, look.size, look.box, x, y);
    if (p <= most) continue;
    most = p;
    best = c;
  }
  return best;
}

}  // namespace tactus::perception
