// The pictures to learn from: made once from seeds, kept in memory and in a cache.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactus/body/keypoints.h"
#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/synth/scene.h"

namespace tactus::perception {

inline constexpr int kLargestObjects = 6;        // of a picture that can be asked about
inline constexpr std::uint8_t kObjectBase = 32;  // Photograph::what: kObjectBase + k shows object k; below: a class of parts.h

// A made photograph and what it shows.
struct Photograph {
  ImageU8 rgb, what;
  bool person = true;             // false: surroundings and things alone
  std::array<std::array<float, 2>, body::kKeypointCount> joints{};   // pixels; also outside the picture
  std::vector<int> categories;    // of object k: index + 1 of the categories' names
  bool in_picture(int joint) const;
  // Pixels of what: a person's, or of things of this category.
  bool shows_person(std::size_t pixel) const { return what.data[pixel] > 0 && what.data[pixel] < kObjectBase; }
  bool shows(std::size_t pixel, int category) const {
    return what.data[pixel] >= kObjectBase && categories[what.data[pixel] - kObjectBase] == category;
  }
};

struct DataOptions {
  synth::Split split = synth::Split::train;
  std::uint64_t seed = 1, pools = 0;   // pools: a number for the maker's, for the cache's key
  std::int64_t pictures = 100;
  int side = 192;                 // the larger one, pixels
  int supersampling = 2;
  double without_person = 0.06;   // share of the pictures
  double variation = 1.0;
  double memory_gb = 6.0, minutes = 0.0;
  std::filesystem::path cache;
};

// The same picture for the same options, index and maker.
Photograph make_photograph(const DataOptions& options, std::int64_t index, const synth::SceneMaker& maker,
                           const std::vector<std::string>& categories);

class DataSet {
 public:
  // Made by all threads; the same pictures however many those are. Error{bad_input}: a cache of other pictures.
  // on_pictures(done) after every chunk.
  DataSet(const DataOptions& options, const synth::SceneMaker& maker, const std::vector<std::string>& categories,
          const Progress& progress, const std::function<void(std::int64_t)>& on_pictures = {});
  std::int64_t size() const { return static_cast<std::int64_t>(pictures_.size()); }
  const Photograph& operator[](std::int64_t index) const { return pictures_[static_cast<std::size_t>(index)]; }

 private:
  void read_cache(const std::filesystem::path& file, std::uint64_t key, std::int64_t limit);
  std::vector<Photograph> pictures_;
  double bytes_ = 0;
};

}  // namespace tactus::perception
