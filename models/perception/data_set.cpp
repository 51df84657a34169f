#include "data_set.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>

#include "parts.h"
#include "tactus/error.h"
#include "tactus/hash.h"
#include "tactus/parallel.h"
#include "tactus/synth/pictures.h"

namespace tactus::perception {
namespace {

constexpr std::int64_t kChunk = 32;   // pictures that are made, and written to the cache, together
constexpr std::uint64_t kVersion = 2;

struct CacheHeader {
  char magic[8] = {'t', 'a', 'c', 'p', 'h', 'o', 't', 'o'};
  std::uint64_t key = 0;
};

// A picture in the cache: this, then rgb, then what.
struct Record {
  std::int32_t width = 0, height = 0;
  float joints[body::kKeypointCount][2] = {};
  std::uint8_t person = 0, objects = 0;
  std::uint16_t categories[kLargestObjects] = {};
};

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  Hasher hasher;
  hasher.value(a);
  hasher.value(b);
  return hasher.key();
}

double bytes_of(const Photograph& p) { return static_cast<double>(p.rgb.data.size() + p.what.data.size() + sizeof(Photograph)); }

void write(std::ostream& out, const Photograph& p) {
  Record record;
  record.width = p.rgb.width;
  record.height = p.rgb.height;
  for (std::size_t j = 0; j < p.joints.size(); ++j) std::copy(p.joints[j].begin(), p.joints[j].end(), record.joints[j]);
  record.person = p.person ? 1 : 0;
  record.objects = static_cast<std::uint8_t>(p.categories.size());
  std::copy(p.categories.begin(), p.categories.end(), record.categories);
  out.write(reinterpret_cast<const char*>(&record), sizeof record);
  out.write(reinterpret_cast<const char*>(p.rgb.data.data()), static_cast<std::streamsize>(p.rgb.data.size()));
  out.write(reinterpret_cast<const char*>(p.what.data.data()), static_cast<std::streamsize>(p.what.data.size()));
}

// false at the end, or where a kill cut the file.
bool read(std::istream& in, Photograph& p) {
  Record record;
  if (!in.read(reinterpret_cast<char*>(&record), sizeof record)) return false;
  if (record.width < 1 || record.height < 1 || record.width > 4096 || record.height > 4096 || record.objects > kLargestObjects) return false;
  p.rgb = ImageU8(record.width, record.height, 3);
  p.what = ImageU8(record.width, record.height);
  for (std::size_t j = 0; j < p.joints.size(); ++j) p.joints[j] = {record.joints[j][0], record.joints[j][1]};
  p.person = record.person != 0;
  p.categories.assign(record.categories, record.categories + record.objects);
  in.read(reinterpret_cast<char*>(p.rgb.data.data()), static_cast<std::streamsize>(p.rgb.data.size()));
  in.read(reinterpret_cast<char*>(p.what.data.data()), static_cast<std::streamsize>(p.what.data.size()));
  if (!in) return false;
  return std::all_of(p.what.data.begin(), p.what.data.end(), [&](std::uint8_t w) {
    return w < kPartClasses || (w >= kObjectBase && w < kObjectBase + record.objects);
  });
}

}  // namespace

bool Photograph::in_picture(int joint) const {
  const auto& at = joints[static_cast<std::size_t>(joint)];
  return person && at[0] >= 0.0F && at[1] >= 0.0F && at[0] < static_cast<float>(rgb.width) && at[1] < static_cast<float>(rgb.height);
}

Photograph make_photograph(const DataOptions& options, std::int64_t index, const synth::SceneMaker& maker,
                           const std::vector<std::string>& categories) {
  const std::uint64_t seed = mixed(options.seed, static_cast<std::uint64_t>(index));
  synth::Scene scene = maker.make(seed);
  Random random(seed, 3);
  Photograph p;
  p.person = random.uniform() >= options.without_person;
  // A body without extent leaves no pixel.
  if (!p.person) scene.vertices.rowwise() = scene.keypoints.row(0).cast<float>().eval();
  synth::PictureOptions drawn;
  drawn.larger_side = options.side;
  drawn.supersampling = options.supersampling;
  drawn.variation = options.variation;
  synth::Picture picture = synth::draw(scene, maker.body_model(), drawn, random);
  p.rgb = std::move(picture.rgb);
  p.what = ImageU8(p.rgb.width, p.rgb.height);
  const auto& names = maker.body_model().part_names();
  std::vector<std::uint8_t> classes = {0};
  for (const std::string& name : names) classes.push_back(static_cast<std::uint8_t>(part_class(name)));
  const std::size_t objects = std::min<std::size_t>(scene.objects.size(), kLargestObjects);
  for (std::size_t i = 0; i < p.what.data.size(); ++i) {
    const std::uint8_t label = picture.labels.data[i];
    if (label == synth::kBody) {
      p.what.data[i] = classes[picture.body_parts.data[i]];
    } else if (label >= synth::kFirstObject && label < synth::kFirstObject + objects) {
      p.what.data[i] = static_cast<std::uint8_t>(kObjectBase + label - synth::kFirstObject);
    }
  }
  for (int j = 0; j < body::kKeypointCount; ++j) {
    const Eigen::Vector3d at = scene.keypoints.row(j).transpose();
    // Behind the camera: nowhere in the picture.
    const Eigen::Vector2d pixel = at.z() > 0.05 ? picture.camera.project(at) : Eigen::Vector2d(-1e4, -1e4);
    p.joints[static_cast<std::size_t>(j)] = {static_cast<float>(pixel.x()), static_cast<float>(pixel.y())};
  }
  for (std::size_t k = 0; k < objects; ++k) {
    const auto found = std::find(categories.begin(), categories.end(), scene.objects[k].object->category);
    p.categories.push_back(found == categories.end() ? 0 : static_cast<int>(found - categories.begin()) + 1);
  }
  return p;
}

DataSet::DataSet(const DataOptions& options, const synth::SceneMaker& maker, const std::vector<std::string>& categories, const Progress& progress,
                 const std::function<void(std::int64_t)>& on_pictures) {
  Hasher hasher;
  for (const std::uint64_t number : {kVersion, options.seed, options.pools, static_cast<std::uint64_t>(options.split)}) hasher.value(number);
  hasher.value(options.side);
  hasher.value(options.supersampling);
  hasher.value(options.without_person);
  hasher.value(options.variation);
  for (const std::string& name : categories) hasher.text(name);
  const std::uint64_t key = hasher.key();

  std::ofstream out;
  if (!options.cache.empty()) {
    read_cache(options.cache, key, options.pictures);
    if (pictures_.empty()) {
      std::ofstream fresh(options.cache, std::ios::binary | std::ios::trunc);
      CacheHeader header;
      header.key = key;
      fresh.write(reinterpret_cast<const char*>(&header), sizeof header);
      if (!fresh) throw cannot_run(options.cache.string() + ": the cache of pictures cannot be written; name a file in a folder that is there");
    }
    out.open(options.cache, std::ios::binary | std::ios::app);
  }
  const auto began = std::chrono::steady_clock::now();
  const std::int64_t ready = size();
  while (size() < options.pictures && bytes_ < options.memory_gb * 1e9) {
    progress.check();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
    if (options.minutes > 0 && spent.count() > 60.0 * options.minutes && size() > ready) break;
    std::vector<Photograph> made(static_cast<std::size_t>(std::min(kChunk, options.pictures - size())));
    parallel_for(made.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end && !progress.stop_requested(); ++i)
        made[i] = make_photograph(options, size() + static_cast<std::int64_t>(i), maker, categories);
    });
    progress.check();
    for (Photograph& p : made) {
      if (out.is_open()) write(out, p);
      bytes_ += bytes_of(p);
      pictures_.push_back(std::move(p));
    }
    if (out.is_open()) {
      out.flush();
      // The pictures are in memory: a full disk costs the cache, not the training.
      if (!out) out.close();
    }
    progress.report(static_cast<double>(size()) / static_cast<double>(options.pictures));
    if (on_pictures) on_pictures(size());
  }
}

// Pictures that were written whole; a piece of one at the end is cut off.
void DataSet::read_cache(const std::filesystem::path& file, std::uint64_t key, std::int64_t limit) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return;
  CacheHeader header;
  const CacheHeader right;
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!in) return;   // killed while it was begun
  if (std::memcmp(header.magic, right.magic, sizeof right.magic) != 0) throw bad_input(file.string() + ": this is not a cache of pictures; name another file");
  if (header.key != key) {
    throw bad_input(file.string() + ": these pictures were made with another seed, size or pool of bodies and things; delete it, or name another file");
  }
  auto whole = static_cast<std::uintmax_t>(in.tellg());
  Photograph p;
  while (size() < limit && read(in, p)) {
    bytes_ += bytes_of(p);
    pictures_.push_back(std::move(p));
    p = {};
    whole = static_cast<std::uintmax_t>(in.tellg());
  }
  const bool all = size() >= limit;
  in.close();
  if (!all && whole < std::filesystem::file_size(file)) std::filesystem::resize_file(file, whole);
}

}  // namespace tactus::perception
