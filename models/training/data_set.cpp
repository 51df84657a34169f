#include "data_set.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Half.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <set>

#include "tactus/compact/object_points.h"
#include "tactus/error.h"
#include "tactus/evidence/from_marks.h"
#include "tactus/hash.h"
#include "tactus/parallel.h"
#include "tactus/synth/language.h"
#include "tactus/synth/pictures.h"

namespace tactus::training {
namespace {

constexpr std::int64_t kChunk = 64;   // scenes that are made, and written to the cache, together
constexpr int kObjectsAsked = 3;      // of a scene
constexpr std::uint64_t kVersion = 7;
constexpr int kPhotographSide = 384;   // pixels; the perception looks at less

std::uint64_t mixed(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) {
  Hasher hasher;
  hasher.value(a);
  hasher.value(b);
  hasher.value(c);
  return hasher.key();
}

struct CacheHeader {
  char magic[8] = {'t', 'a', 'c', 'p', 'r', 'o', 'm', 'p'};
  std::uint64_t key = 0, record_bytes = 0;
};

constexpr std::uint64_t kPhotographDraw = 0x70686f746f, kPointsDraw = 0x706f696e7473;

int asked_of(const synth::Scene& scene) { return std::min<int>(kObjectsAsked, static_cast<int>(scene.objects.size())); }

// Brings a random choice of `taken` of the numbers [first, end) to the front of them.
void shuffle_front(std::vector<std::uint32_t>& order, std::uint32_t first, std::uint32_t end, std::uint32_t taken, Random& random) {
  for (std::uint32_t i = first; i < first + taken; ++i) std::swap(order[i], order[i + random.below(end - i)]);
}

void set_bit(std::uint8_t* bits, std::size_t i) { bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (1U << (i % 8))); }
bool bit(const std::uint8_t* bits, std::size_t i) { return ((bits[i / 8] >> (i % 8)) & 1U) != 0; }

}  // namespace

DataSet::DataSet(const DataOptions& options, const synth::SceneMaker& maker, const evidence::BodySample& sample,
                 const compact::Vocabulary& vocabulary, const std::vector<std::string>& categories, const Progress& progress,
                 const std::function<void(std::int64_t)>& on_scenes)
    : sample_(sample), vocabulary_(vocabulary), categories_(categories), points_(options.object_points) {
  std::set<std::int64_t> names;
  for (const auto& category : objects::categories()) {
    for (const std::int64_t id : vocabulary.encode(category.name)) names.insert(id);
    for (const std::string& synonym : category.synonyms)
      for (const std::int64_t id : vocabulary.encode(synonym)) names.insert(id);
  }
  for (const char* word : {"on", "a"}) names.erase(vocabulary.id(word));
  names_.assign(names.begin(), names.end());
  left_ = vocabulary.id("left");
  right_ = vocabulary.id("right");
  mirror_ = at::empty({sample.size()}, at::kLong);
  std::copy(sample.mirror.begin(), sample.mirror.end(), mirror_.data_ptr<std::int64_t>());
  const auto turned = [](const auto& all, const auto& which) {
    const at::Tensor sign = at::ones({static_cast<std::int64_t>(all.size())});
    for (std::size_t i = 0; i < all.size(); ++i)
      if (std::find(which.begin(), which.end(), all[i]) != which.end()) sign.data_ptr<float>()[i] = -1.0F;
    return sign;
  };
  turned_vertex_ = turned(evidence::kVertexFeatures, evidence::kTurnedVertexFeatures);
  turned_global_ = turned(evidence::kGlobalFeatures, evidence::kTurnedGlobalFeatures);
  std::array<int, compact::kObjectFeatureCount> columns;
  std::iota(columns.begin(), columns.end(), 0);
  turned_object_ = turned(columns, compact::kTurnedObjectFeatures);

  const auto points = static_cast<std::size_t>(points_), vertices = static_cast<std::size_t>(sample.size());
  layout_.vertex = sizeof(PromptInfo);
  layout_.body = layout_.vertex + vertices * evidence::kVertexFeatureCount * 2;
  layout_.object = layout_.body + (vertices + 15) / 16 * 2;
  layout_.parts = layout_.object + points * compact::kObjectFeatureCount * 2;
  layout_.object_contact = layout_.parts + points * 2;
  layout_.size = layout_.object_contact + (points + 7) / 8;

  Hasher key;
  key.value(kVersion);
  for (const std::uint64_t number : {options.seed, static_cast<std::uint64_t>(options.marks_per_scene), static_cast<std::uint64_t>(options.split), static_cast<std::uint64_t>(points_), options.pools}) key.value(number);
  key.value(options.noise);
  key.value(options.damage);
  key.value(options.photographed);
  key.value(options.photographed > 0 ? options.perceiver_key : 0);
  key.value(options.balanced_objects);
  for (const int vertex : sample.vertices) key.value(vertex);
  for (const std::string& word : vocabulary.words()) key.text(word);
  const std::uint64_t cache_key = key.key();

  const auto limit = static_cast<std::int64_t>(options.memory_gb * 1e9 / static_cast<double>(layout_.size));
  std::ofstream out;
  if (!options.cache.empty()) {
    scenes_ = read_cache(options.cache, cache_key, options.scenes);
    if (scenes_ == 0) {
      std::ofstream fresh(options.cache, std::ios::binary | std::ios::trunc);
      CacheHeader header;
      header.key = cache_key;
      header.record_bytes = layout_.size;
      fresh.write(reinterpret_cast<const char*>(&header), sizeof header);
      if (!fresh) throw cannot_run(options.cache.string() + ": the cache of prompts cannot be written; name a file in a folder that is there");
    }
    out.open(options.cache, std::ios::binary | std::ios::app);
  }
  const auto began = std::chrono::steady_clock::now();
  while (scenes_ < options.scenes && size() < limit) {
    progress.check();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - began;
    if (options.minutes > 0 && spent.count() > 60.0 * options.minutes && scenes_ > 0) break;
    const std::int64_t count = std::min(kChunk, options.scenes - scenes_);
    std::vector<std::vector<Record>> made(static_cast<std::size_t>(count));
    parallel_for(made.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        if (progress.stop_requested()) return;
        made[i] = make_scene(scenes_ + static_cast<std::int64_t>(i), options, maker);
      }
    });
    progress.check();
    std::vector<Record> chunk;
    for (auto& scene : made)
      for (auto& record : scene) chunk.push_back(std::move(record));
    if (out.is_open()) {
      const std::uint32_t head[2] = {static_cast<std::uint32_t>(chunk.size()), static_cast<std::uint32_t>(count)};
      out.write(reinterpret_cast<const char*>(head), sizeof head);
      for (const Record& record : chunk) out.write(reinterpret_cast<const char*>(record.data()), static_cast<std::streamsize>(record.size()));
      out.flush();
      // The prompts are in memory: a full disk costs the cache, not the training.
      if (!out) out.close();
    }
    for (auto& record : chunk) records_.push_back(std::move(record));
    scenes_ += count;
    progress.report(static_cast<double>(scenes_) / static_cast<double>(options.scenes));
    if (on_scenes) on_scenes(scenes_);
  }
  if (records_.empty()) throw cannot_run("no prompt could be made from " + std::to_string(options.scenes) + " scenes; give more of them, or more memory_gb");
}

// Whole chunks that were written; a piece of one at the end is cut off. → scenes in them.
std::int64_t DataSet::read_cache(const std::filesystem::path& file, std::uint64_t key, std::int64_t limit) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return 0;
  CacheHeader header;
  const CacheHeader right;
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  if (!in) return 0;   // killed while it was begun
  if (std::memcmp(header.magic, right.magic, sizeof right.magic) != 0) {
    throw bad_input(file.string() + ": this is not a cache of prompts; name another file");
  }
  if (header.key != key || header.record_bytes != layout_.size) {
    throw bad_input(file.string() + ": these prompts were made with another seed, noise, sample or vocabulary; delete it, or name another file");
  }
  std::int64_t scenes = 0;
  auto whole = static_cast<std::uintmax_t>(in.tellg());
  std::uint32_t head[2];
  while (in.read(reinterpret_cast<char*>(head), sizeof head) && head[0] <= kChunk * 1024 && scenes + head[1] <= limit) {
    std::vector<Record> chunk(head[0], Record(layout_.size));
    for (Record& record : chunk) in.read(reinterpret_cast<char*>(record.data()), static_cast<std::streamsize>(record.size()));
    if (!in) break;
    for (Record& record : chunk) records_.push_back(std::move(record));
    scenes += head[1];
    whole = static_cast<std::uintmax_t>(in.tellg());
  }
  const bool more = in.good();
  in.close();
  if (!more && whole < std::filesystem::file_size(file)) std::filesystem::resize_file(file, whole);
  return scenes;
}

std::vector<DataSet::Record> DataSet::make_scene(std::int64_t index, const DataOptions& options, const synth::SceneMaker& maker) const {
  const std::uint64_t seed = mixed(options.seed, static_cast<std::uint64_t>(index));
  const synth::Scene scene = maker.make(seed);
  std::vector<Record> records;
  if (options.perceiver && Random(mixed(seed, kPhotographDraw)).uniform() < options.photographed) {
    records = photograph_scene(scene, seed, options, maker);
  } else {
    synth::MarkNoise noise;
    noise.scale = options.noise;
    noise.damage = options.damage;
    for (int object = 0; object < asked_of(scene); ++object) {
      for (int time = 0; time < options.marks_per_scene; ++time) {
        Random random(mixed(seed, static_cast<std::uint64_t>(object), static_cast<std::uint64_t>(time)));
        const synth::MarkedScene marked = synth::mark(scene, object, maker, sample_, noise, random);
        records.push_back(record(scene, object, marked, options.balanced_objects, random));
      }
    }
  }
  for (Record& record : records) reinterpret_cast<PromptInfo*>(record.data())->scene = static_cast<std::uint32_t>(index);
  return records;
}

// As an analysis of the scene's photograph without any mark by hand. What the perception does not find makes no prompt, since the prior
// answers then.
std::vector<DataSet::Record> DataSet::photograph_scene(const synth::Scene& scene, std::uint64_t seed, const DataOptions& options,
                                                       const synth::SceneMaker& maker) const {
  Random drawn(mixed(seed, kPhotographDraw), 1);
  const synth::Picture picture = synth::draw(scene, maker.body_model(), {.larger_side = kPhotographSide}, drawn);
  std::vector<Record> records;
  std::optional<contact::Marks> fitted;   // that `body` was fitted to
  body::PhotoBody body;
  for (int object = 0; object < asked_of(scene); ++object) {
    const synth::SceneObject& thing = scene.objects[static_cast<std::size_t>(object)];
    const contact::Marks marks = contact::marks_of(options.perceiver->look(picture.rgb, thing.object->category));
    if (!marks.keypoints || !marks.object_mask) continue;
    if (!fitted || fitted->keypoints != marks.keypoints || fitted->human_mask != marks.human_mask) {
      body = evidence::body_from_marks(maker.body_model(), marks, picture.rgb.width, picture.rgb.height, {});
      fitted = marks;
    }
    synth::MarkedScene marked;
    marked.observation = evidence::observe(sample_, sample_.vertices, body, marks, objects::make_object(thing.object->category));
    marked.touched = std::find(thing.body_contact.begin(), thing.body_contact.end(), 1) != thing.body_contact.end();
    Random random(mixed(seed, static_cast<std::uint64_t>(object)));
    records.push_back(record(scene, object, marked, options.balanced_objects, random));
    reinterpret_cast<PromptInfo*>(records.back().data())->photographed = 1;
  }
  return records;
}

DataSet::Record DataSet::record(const synth::Scene& scene, int object, const synth::MarkedScene& marked, bool balanced, Random& random) const {
  const synth::SceneObject& thing = scene.objects[static_cast<std::size_t>(object)];
  const evidence::Evidence evidence = evidence::gather(marked.observation, sample_);
  Record record(layout_.size, 0);
  PromptInfo info;
  const auto found = std::find(categories_.begin(), categories_.end(), thing.object->category);
  info.category = found == categories_.end() ? 0 : static_cast<std::uint16_t>(found - categories_.begin() + 1);
  info.interaction = static_cast<std::uint8_t>(thing.interaction);
  info.placement = static_cast<std::uint8_t>(thing.placement);
  info.mask = static_cast<std::uint8_t>(marked.mask);
  info.touched = marked.touched ? 1 : 0;
  std::copy_n(evidence.global.data(), evidence::kGlobalFeatureCount, info.global);

  for (int i = 0; i < kQuestions; ++i) {
    const synth::QuestionAndAnswer spoken = synth::ask(scene, object, marked.touched, random);
    std::vector<std::int64_t> words = {compact::Vocabulary::question};
    for (const std::int64_t id : vocabulary_.encode(spoken.question)) words.push_back(id);
    words.push_back(compact::Vocabulary::answer);
    const std::size_t question = words.size();
    if (spoken.asks_for_contact) words.push_back(marked.touched ? compact::Vocabulary::contact : compact::Vocabulary::none);
    for (const std::int64_t id : vocabulary_.encode(spoken.answer)) words.push_back(id);
    words.push_back(compact::Vocabulary::end);
    if (words.size() > kLongest) words.resize(kLongest);
    info.asks[i] = spoken.asks_for_contact ? 1 : 0;
    info.question_length[i] = static_cast<std::uint8_t>(std::min<std::size_t>(question, kLongest - 1));
    info.length[i] = static_cast<std::uint8_t>(words.size());
    std::copy(words.begin(), words.end(), info.words[i]);
  }
  info.questions = kQuestions;

  auto* vertex = reinterpret_cast<c10::Half*>(record.data() + layout_.vertex);
  std::copy_n(evidence.vertex.data(), evidence.vertex.size(), vertex);
  if (marked.touched) {
    for (std::size_t i = 0; i < sample_.vertices.size(); ++i)
      if (thing.body_contact[static_cast<std::size_t>(sample_.vertices[i])] != 0) set_bit(record.data() + layout_.body, i);
  }

  // A random choice of the object's vertices. Of most things few are touched: up to a third of the points are those, and each point
  // weighs as many vertices as it stands for.
  const auto count = static_cast<std::uint32_t>(thing.object->mesh.vertex_count());
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  const std::uint32_t taken = std::min(count, static_cast<std::uint32_t>(points_));
  const auto is_touched = [&](std::uint32_t v) { return marked.touched && thing.object_contact[v] != 0; };
  const auto middle = static_cast<std::uint32_t>(std::stable_partition(order.begin(), order.end(), is_touched) - order.begin());
  if (balanced && taken < count && middle > 0 && middle < count) {
    const std::uint32_t rest = count - middle, most = std::min(middle, std::max(taken / 3, 1U));
    const std::uint32_t few = std::min(rest, taken - most), many = taken - few;   // untouched, touched
    shuffle_front(order, 0, middle, many, random);
    shuffle_front(order, middle, count, few, random);
    std::copy_n(order.begin() + middle, few, order.begin() + many);
    const auto mean = static_cast<float>(count) / static_cast<float>(taken);
    info.stands_for[0] = static_cast<float>(rest) / static_cast<float>(few) / mean;
    info.stands_for[1] = static_cast<float>(middle) / static_cast<float>(many) / mean;
  } else {
    std::iota(order.begin(), order.end(), 0U);
    shuffle_front(order, 0, count, taken, random);
  }
  if (taken > 0) {
    const compact::ObjectPoints points = compact::object_points(*thing.object, vocabulary_);
    auto* features = reinterpret_cast<c10::Half*>(record.data() + layout_.object);
    auto* parts = reinterpret_cast<std::uint16_t*>(record.data() + layout_.parts);
    for (std::uint32_t i = 0; i < taken; ++i) {
      const std::uint32_t from = order[i];
      std::copy_n(points.features.row(from).data(), compact::kObjectFeatureCount, features + static_cast<std::size_t>(i) * compact::kObjectFeatureCount);
      parts[i] = static_cast<std::uint16_t>(points.parts[from]);
      if (marked.touched && thing.object_contact[from] != 0) set_bit(record.data() + layout_.object_contact, i);
    }
  }
  info.points = static_cast<std::uint16_t>(taken);
  std::memcpy(record.data(), &info, sizeof info);
  return record;
}

PromptInfo DataSet::info(std::int64_t index) const {
  PromptInfo info;
  std::memcpy(&info, records_[static_cast<std::size_t>(index)].data(), sizeof info);
  return info;
}

void DataSet::body_labels(std::int64_t index, float* out) const {
  const std::uint8_t* bits = records_[static_cast<std::size_t>(index)].data() + layout_.body;
  for (std::size_t i = 0; i < sample_.vertices.size(); ++i) out[i] = bit(bits, i) ? 1.0F : 0.0F;
}

Items DataSet::collate(const std::vector<std::int64_t>& which, std::uint64_t draw, const Variation& variation) const {
  const auto count = static_cast<std::int64_t>(which.size());
  const std::int64_t vertices = sample_.size(), features = evidence::kVertexFeatureCount;
  Items items;
  compact::Batch& batch = items.batch;
  std::vector<PromptInfo> infos;
  std::vector<int> phrasing;
  std::vector<bool> hidden, mirrored;
  std::int64_t longest = 1, most_points = 0;
  for (const std::int64_t index : which) {
    infos.push_back(info(index));
    Random random(mixed(draw, static_cast<std::uint64_t>(index)));
    phrasing.push_back(static_cast<int>(random.below(infos.back().questions)));
    for (int p = 0; variation.contact_only && infos.back().asks[phrasing.back()] == 0 && p < infos.back().questions; ++p) phrasing.back() = p;
    hidden.push_back(random.uniform() < variation.unknown_category);
    mirrored.push_back(random.uniform() < variation.mirrored);
    longest = std::max<std::int64_t>(longest, infos.back().length[phrasing.back()]);
    most_points = std::max<std::int64_t>(most_points, infos.back().points);
  }
  batch.global = at::empty({count, evidence::kGlobalFeatureCount});
  batch.category = at::empty({count}, at::kLong);
  batch.words = at::zeros({count, longest}, at::kLong);
  batch.question_length = at::empty({count}, at::kLong);
  batch.object_part = at::zeros({count, most_points}, at::kLong);
  items.targets = at::full({count, longest}, -100, at::kLong);
  items.body = at::empty({count, vertices});
  items.object = at::zeros({count, most_points});
  items.object_weight = at::zeros({count, most_points});
  items.touched = at::empty({count});
  items.asks = at::empty({count});
  const at::Tensor vertex = at::empty({count, vertices, features}, at::kHalf);
  const at::Tensor object = at::zeros({count, most_points, compact::kObjectFeatureCount}, at::kHalf);
  const std::int64_t other = vocabulary_.id("object");
  for (std::int64_t b = 0; b < count; ++b) {
    const auto n = static_cast<std::size_t>(b);
    const PromptInfo& info = infos[n];
    const std::uint8_t* record = records_[static_cast<std::size_t>(which[n])].data();
    std::memcpy(vertex.data_ptr<c10::Half>() + b * vertices * features, record + layout_.vertex, static_cast<std::size_t>(vertices * features) * 2);
    std::memcpy(object.data_ptr<c10::Half>() + b * most_points * compact::kObjectFeatureCount, record + layout_.object,
                std::size_t{info.points} * compact::kObjectFeatureCount * 2);
    std::copy_n(info.global, evidence::kGlobalFeatureCount, batch.global.data_ptr<float>() + b * evidence::kGlobalFeatureCount);
    body_labels(which[n], items.body.data_ptr<float>() + b * vertices);
    const auto* parts = reinterpret_cast<const std::uint16_t*>(record + layout_.parts);
    for (std::int64_t i = 0; i < info.points; ++i) {
      batch.object_part.data_ptr<std::int64_t>()[b * most_points + i] = parts[i];
      const bool touched = bit(record + layout_.object_contact, static_cast<std::size_t>(i));
      items.object.data_ptr<float>()[b * most_points + i] = touched ? 1.0F : 0.0F;
      items.object_weight.data_ptr<float>()[b * most_points + i] = info.stands_for[touched ? 1 : 0];
    }
    const int p = phrasing[n];
    batch.category.data_ptr<std::int64_t>()[b] = hidden[n] ? 0 : info.category;
    batch.question_length.data_ptr<std::int64_t>()[b] = info.question_length[p];
    items.touched.data_ptr<float>()[b] = info.touched;
    items.asks.data_ptr<float>()[b] = info.asks[p];
    std::int64_t* words = batch.words.data_ptr<std::int64_t>() + b * longest;
    std::int64_t* targets = items.targets.data_ptr<std::int64_t>() + b * longest;
    for (int t = 0; t < info.length[p]; ++t) {
      words[t] = info.words[p][t];
      if (hidden[n] && std::binary_search(names_.begin(), names_.end(), words[t])) words[t] = other;
      if (t >= info.question_length[p]) targets[t - 1] = words[t];
    }
  }
  batch.vertex = vertex.to(at::kFloat);
  batch.object = object.to(at::kFloat);
  for (std::int64_t b = 0; b < count; ++b)
    if (mirrored[static_cast<std::size_t>(b)]) mirror(items, b);
  if (const std::int64_t taken = variation.body_points; taken > 0 && taken < vertices && count > 0) {
    Random random(mixed(draw, static_cast<std::uint64_t>(which.front())), kPointsDraw);
    std::vector<std::uint32_t> order(static_cast<std::size_t>(vertices));
    std::iota(order.begin(), order.end(), 0U);
    shuffle_front(order, 0, static_cast<std::uint32_t>(vertices), static_cast<std::uint32_t>(taken), random);
    batch.points = at::empty({taken}, at::kLong);
    std::copy_n(order.begin(), taken, batch.points.data_ptr<std::int64_t>());
    items.body = items.body.index_select(1, batch.points);
  }
  return items;
}

// As the mirrored photograph of the mirrored scene would be: no object knows its left from its right by more than its shape.
void DataSet::mirror(Items& items, std::int64_t row) const {
  compact::Batch& batch = items.batch;
  const at::Tensor vertex = batch.vertex[row], body = items.body[row];
  vertex.copy_(vertex.index_select(0, mirror_) * turned_vertex_);
  body.copy_(body.index_select(0, mirror_));
  batch.global[row].mul_(turned_global_);
  batch.object[row].mul_(turned_object_);
  for (const at::Tensor& line : {batch.words[row], items.targets[row]}) {
    auto* words = line.data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < line.numel(); ++i) words[i] = words[i] == left_ ? right_ : words[i] == right_ ? left_ : words[i];
  }
}

at::Tensor category_prior(const DataSet& data, std::int64_t categories, std::int64_t points) {
  std::vector<double> count(static_cast<std::size_t>(categories + 1), 0.0);
  std::vector<double> touched(count.size() * static_cast<std::size_t>(points), 0.0);
  std::vector<float> row(static_cast<std::size_t>(points));
  for (std::int64_t i = 0; i < data.size(); ++i) {
    const PromptInfo info = data.info(i);
    if (info.touched == 0) continue;
    data.body_labels(i, row.data());
    for (const std::size_t c : {std::size_t{0}, static_cast<std::size_t>(info.category)}) {
      count[c] += 1.0;
      for (std::size_t v = 0; v < row.size(); ++v) touched[c * row.size() + v] += row[v];
      if (info.category == 0) break;
    }
  }
  const at::Tensor prior = at::empty({categories + 1, points});
  constexpr double kStrength = 8.0;   // of the mean over all categories, in prompts
  for (std::size_t c = 0; c < count.size(); ++c) {
    for (std::size_t v = 0; v < row.size(); ++v) {
      const double any = (touched[v] + 0.02) / (count[0] + 1.0);
      const double p = c == 0 ? any : (touched[c * row.size() + v] + kStrength * any) / (count[c] + kStrength);
      prior.data_ptr<float>()[c * row.size() + v] = static_cast<float>(std::clamp(std::log(p / (1.0 - p)), -6.0, 4.0));
    }
  }
  return prior;
}

}  // namespace tactus::training
