// The prompts to learn from: made once from seeds, kept in memory in a compact form.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactus/compact/network.h"
#include "tactus/compact/vocabulary.h"
#include "tactus/contact/perceiver.h"
#include "tactus/evidence/body_sample.h"
#include "tactus/evidence/evidence.h"
#include "tactus/progress.h"
#include "tactus/synth/marks.h"
#include "tactus/synth/scene.h"

namespace tactus::training {

inline constexpr int kQuestions = 3, kLongest = 96;   // phrasings kept a prompt, words of question and answer together

struct PromptInfo {
  std::uint32_t scene = 0;
  std::uint16_t category = 0, points = 0;                  // points of the object
  std::uint8_t interaction = 0, placement = 0, mask = 0, touched = 0, questions = 0, photographed = 0;
  std::uint8_t question_length[kQuestions] = {}, length[kQuestions] = {}, asks[kQuestions] = {};
  std::uint16_t words[kQuestions][kLongest] = {};
  float global[evidence::kGlobalFeatureCount] = {};
  float stands_for[2] = {1.0F, 1.0F};                      // vertices of the object that an untouched, a touched point stands for
};

// What a step learns from. The float tensors of `batch` and the labels are float32 on the CPU.
struct Items {
  compact::Batch batch;
  at::Tensor body, object;        // [B, S], [B, P] in {0, 1}; with Batch::points [B, K]
  at::Tensor object_weight;       // [B, P] vertices of the object that a point stands for, their mean 1; 0 where there is no point
  at::Tensor touched, asks;       // [B]
  at::Tensor targets;             // int64 [B, L]: the next word where it is taught, else -100
};

struct DataOptions {
  synth::Split split = synth::Split::train;
  std::uint64_t seed = 1, pools = 0;   // pools: a number for the maker's, for the cache's key
  std::int64_t scenes = 100;
  int marks_per_scene = 1, object_points = 256;
  bool balanced_objects = true;        // touched points are taken first, up to a third; else as they come
  double noise = 1.0, damage = 1.0, memory_gb = 6.0, minutes = 0.0;
  double photographed = 0.0;           // part of the scenes that `perceiver` marks; what it does not find is marked with noise
  std::shared_ptr<const contact::Perceiver> perceiver;
  std::uint64_t perceiver_key = 0;     // of its weights, for the cache's key
  std::filesystem::path cache;
};

// How a prompt differs from one time that it is taken to the next.
struct Variation {
  double unknown_category = 0.0;       // how often the category is hidden
  double mirrored = 0.0;               // how often left and right are exchanged: of the photograph, the body, the object and the words
  int body_points = 0;                 // so many of the body's points are decoded and judged, the same for all prompts; 0: all
  bool contact_only = false;           // phrasings that ask for contact, where a prompt has one
};

class DataSet {
 public:
  // Scenes of `maker`, marked and described, by all threads; the same prompts however many those are. Error{bad_input}: a cache of other
  // prompts. on_scenes(done) after every chunk.
  DataSet(const DataOptions& options, const synth::SceneMaker& maker, const evidence::BodySample& sample,
          const compact::Vocabulary& vocabulary, const std::vector<std::string>& categories, const Progress& progress,
          const std::function<void(std::int64_t)>& on_scenes = {});

  std::int64_t size() const { return static_cast<std::int64_t>(records_.size()); }
  std::int64_t scenes() const { return scenes_; }
  PromptInfo info(std::int64_t index) const;
  // Row [S] of a prompt's truth on the body's sample.
  void body_labels(std::int64_t index, float* out) const;
  // `draw` chooses the phrasing, whether the category is hidden and whether all is mirrored; with the first prompt the body's points.
  Items collate(const std::vector<std::int64_t>& which, std::uint64_t draw, const Variation& variation) const;

 private:
  using Record = std::vector<std::uint8_t>;
  struct Layout {
    std::size_t vertex = 0, body = 0, object = 0, parts = 0, object_contact = 0, size = 0;
  };
  std::vector<Record> make_scene(std::int64_t index, const DataOptions& options, const synth::SceneMaker& maker) const;
  std::vector<Record> photograph_scene(const synth::Scene& scene, std::uint64_t seed, const DataOptions& options, const synth::SceneMaker& maker) const;
  void mirror(Items& items, std::int64_t row) const;
  Record record(const synth::Scene& scene, int object, const synth::MarkedScene& marked, bool balanced, Random& random) const;
  std::int64_t read_cache(const std::filesystem::path& file, std::uint64_t key, std::int64_t limit);

  const evidence::BodySample& sample_;
  const compact::Vocabulary& vocabulary_;
  std::vector<std::string> categories_;
  std::vector<std::int64_t> names_;       // words that name a category
  std::int64_t left_ = 0, right_ = 0;     // words
  at::Tensor mirror_, turned_vertex_, turned_global_, turned_object_;   // int64 [S]; of each feature -1 where its sign changes, else 1
  int points_;
  Layout layout_;
  std::vector<Record> records_;
  std::int64_t scenes_ = 0;
};

// Log-odds of contact a category (row 0: any) and point, over the prompts that touch. [categories + 1, S]
at::Tensor category_prior(const DataSet& data, std::int64_t categories, std::int64_t points);

}  // namespace tactus::training
