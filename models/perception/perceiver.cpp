#include "tactus/perception/perceiver.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "looks.h"
#include "tactus/error.h"
#include "tactus/perception/weights.h"

namespace tactus::perception {
namespace {

constexpr double kSmallestMask = 2e-4;   // of the photograph: less is nothing

// Where `probability` is above 0.5, and its mean there.
template <typename Probability>
std::pair<ImageU8, double> mask_of(const ImageU8& rgb, Probability&& probability, const Progress& progress) {
  ImageU8 mask(rgb.width, rgb.height);
  double sum = 0;
  std::size_t count = 0;
  for (int row = 0; row < rgb.height; ++row) {
    progress.check();
    for (int column = 0; column < rgb.width; ++column) {
      const float p = probability(column + 0.5, row + 0.5);
      if (p <= 0.5F) continue;
      mask.at(column, row) = 255;
      sum += static_cast<double>(p);
      ++count;
    }
  }
  if (static_cast<double>(count) < std::max(1.0, kSmallestMask * static_cast<double>(rgb.pixel_count()))) return {};
  return {std::move(mask), sum / static_cast<double>(count)};
}

}  // namespace

struct Perceiver::Impl {
  WeightsInfo info;
  Network network{nullptr};
};

Perceiver::Perceiver(const std::filesystem::path& weights) : impl_(std::make_unique<Impl>()) {
  impl_->info = read_weights_info(weights);
  impl_->network = load_weights(weights, impl_->info);
}
Perceiver::~Perceiver() = default;
Perceiver::Perceiver(Perceiver&&) noexcept = default;
Perceiver& Perceiver::operator=(Perceiver&&) noexcept = default;

contact::Percept Perceiver::look(const ImageU8& rgb, const std::string& category, const Progress& progress) const {
  const auto& names = impl_->info.categories;
  const auto found = std::find(names.begin(), names.end(), category);
  const std::int64_t row = found == names.end() ? 0 : found - names.begin() + 1;
  const Looks looks(impl_->network, rgb, row, progress.part(0.0, 0.8));
  contact::Percept percept;
  if (looks.found_person()) {
    percept.joints = looks.joints();
    std::tie(percept.person_mask, percept.person_confidence) = mask_of(rgb, [&](double x, double y) { return looks.person_at(x, y); }, progress);
  }
  progress.report(0.9);
  const bool there = looks.thing() >= impl_->info.thing_threshold;
  if (row > 0 && there) {
    std::tie(percept.object_mask, percept.object_confidence) = mask_of(rgb, [&](double x, double y) { return looks.object_at(x, y); }, progress);
    percept.object_confidence *= looks.thing();
  }
  progress.report(1.0);
  return percept;
}

const WeightsInfo& Perceiver::info() const { return impl_->info; }

}  // namespace tactus::perception
