#include "looks.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "parts.h"

namespace tactus::perception {
namespace {

constexpr int kWindow = 2;              // map pixels on each side of the peak that a joint's place is the mean over
constexpr int kFewestPixels = 6;        // of the whole look's map: fewer are no person
constexpr float kScrap = 0.1F;          // pieces smaller than this part of the largest one are dropped
constexpr double kMargin = 1.3;         // of the second look around the person
constexpr double kFeather = 0.08;       // of its side: where the two looks are mixed

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

// [2, K, M, M] of a picture and its mirror image → [K, M, M]. Channel k of the one is channel order[k] of the other.
at::Tensor both(const at::Tensor& maps, const at::Tensor& order) {
  const at::Tensor other = maps[1].flip({2}).index_select(0, order);
  return ((maps[0] + other) * 0.5).contiguous();
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

Look look_at(Network network, const ImageU8& rgb, const Box& box, std::int64_t category) {
  const c10::InferenceMode inference;
  const auto size = static_cast<int>(network->options.image);
  at::Tensor image = at::empty({1, 3, size, size});
  crop_picture(rgb, box, size, image.data_ptr<float>());
  image = at::cat({image, image.flip({3})}, 0);
  const Output output = network->forward(image, at::full({2}, category, at::kLong));
  Look look;
  look.box = box;
  look.size = size / 2;
  const at::Tensor other_joint = index_of(body::kKeypointCount, mirrored_joint);
  look.parts = values(both(at::softmax(output.parts, 1), index_of(kPartClasses, mirrored_class)));
  const auto pixels = static_cast<std::size_t>(look.size) * static_cast<std::size_t>(look.size);
  look.person.resize(pixels);
  for (std::size_t i = 0; i < pixels; ++i) look.person[i] = 1.0F - look.parts[i];
  look.object.assign(pixels, 0.0F);
  if (category > 0) look.object = values(both(at::sigmoid(output.object).unsqueeze(1), at::zeros({1}, at::kLong)));
  drop_scraps(look.person, look.size);
  drop_scraps(look.object, look.size);
  const at::Tensor heat = both(at::softmax(output.joints.flatten(2), 2).reshape(output.joints.sizes()), other_joint);
  const at::Tensor each = at::sigmoid(output.seen), seen = ((each[0] + each[1].index_select(0, other_joint)) * 0.5).contiguous();
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const double probability = static_cast<double>(seen.const_data_ptr<float>()[j]);
    if (probability < 0.5) continue;
    const Eigen::Vector3d peak = peak_of(heat.const_data_ptr<float>() + static_cast<std::size_t>(j) * pixels, look.size);
    look.joints.row(j).head<2>() = box.to_photo(peak.head<2>(), look.size).transpose();
    look.joints(j, 2) = probability * peak.z();
  }
  return look;
}

Looks::Looks(Network network, const ImageU8& rgb, std::int64_t category, const Progress& progress) {
  progress.check();
  whole_ = look_at(network, rgb, whole_box(rgb.width, rgb.height), category);
  near_ = whole_;
  progress.report(0.4);
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
  near_ = look_at(network, rgb, {0.5 * (low_x + high_x - side), 0.5 * (low_y + high_y - side), side}, category);
  progress.report(0.8);
  progress.check();
  joints_ = near_.joints;
  for (int j = 0; j < body::kKeypointCount; ++j) {
    // What the second look cannot see, the first may have.
    const Eigen::Vector2d first = near_.box.to_crop(whole_.joints.row(j).head<2>().transpose(), 1.0);
    if (joints_(j, 2) == 0 && (first.array() < 0.0 || first.array() > 1.0).any()) joints_.row(j) = whole_.joints.row(j);
    if (joints_(j, 0) < 0 || joints_(j, 1) < 0 || joints_(j, 0) >= rgb.width || joints_(j, 1) >= rgb.height) joints_.row(j).setZero();
  }
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
