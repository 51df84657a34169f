#include <algorithm>

#include "tactus/contact/metrics.h"
#include "tactus/evaluation/prompts.h"
#include "tactus/hash.h"
#include "tactus/parallel.h"
#include "tactus/synth/language.h"

namespace tactus::evaluation {
namespace {

std::uint64_t mixed(std::uint64_t seed, std::uint64_t index) {
  Hasher hash;
  hash.value(seed);
  hash.value(index);
  return hash.key();
}

synth::MarkNoise noise_of(Marks marks) {
  switch (marks) {
    case Marks::doubled: return {2.0, 1.0};
    case Marks::clean: return {0.0, 0.0, synth::MarkNoise::Mask::as_it_is};
    case Marks::empty_mask: return {1.0, 1.0, synth::MarkNoise::Mask::empty};
    case Marks::honest: break;
  }
  return {};
}

Eigen::VectorXf as_floats(const std::vector<std::uint8_t>& values) {
  Eigen::VectorXf result(static_cast<Eigen::Index>(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i) result[static_cast<Eigen::Index>(i)] = values[i] != 0 ? 1.0F : 0.0F;
  return result;
}

}  // namespace

Surface surface_of(const body::BodyModel& model, const evidence::BodySample& sample, double near_m) {
  Surface surface;
  surface.parts = sample.parts;
  surface.part_names = sample.part_names;
  const auto count = static_cast<std::size_t>(sample.size());
  surface.hands.resize(count, Surface::Hand::none);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& part = sample.part_names.at(sample.parts[i]);
    if (!part.ends_with("hand") && !part.ends_with("fingers")) continue;
    surface.hands[i] = part.starts_with("left") ? Surface::Hand::left : Surface::Hand::right;
  }
  const auto shaped = model.shape({});
  const contact::MeshGraph graph({shaped.rest_vertices, model.faces()});
  std::vector<int> sample_at(static_cast<std::size_t>(model.vertex_count()), -1);
  for (std::size_t i = 0; i < count; ++i) sample_at[static_cast<std::size_t>(sample.vertices[i])] = static_cast<int>(i);
  surface.near.resize(count);
  parallel_for(count, 100, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (const auto& [vertex, metres] : graph.within(sample.vertices[i], near_m))
        if (const int point = sample_at[static_cast<std::size_t>(vertex)]; point >= 0) surface.near[i].push_back(point);
      std::sort(surface.near[i].begin(), surface.near[i].end());
    }
  });
  return surface;
}

ScenePrompts::ScenePrompts(std::shared_ptr<const synth::SceneMaker> maker, std::shared_ptr<const evidence::BodySample> sample,
                           std::shared_ptr<const Surface> surface, std::uint64_t seed)
    : maker_(std::move(maker)), sample_(std::move(sample)), surface_(std::move(surface)), seed_(seed) {}

synth::Scene ScenePrompts::make(std::uint64_t index) const { return maker_->make(mixed(seed_, index)); }

synth::MarkedScene ScenePrompts::marked(const synth::Scene& scene, std::uint64_t index, int object, Marks marks) const {
  // The same draws for every kind of marks, so that they are compared on the same accidents.
  Random random(mixed(seed_ + 1, index), static_cast<std::uint64_t>(object));
  return synth::mark(scene, object, *maker_, *sample_, noise_of(marks), random);
}

synth::Picture ScenePrompts::photograph(const synth::Scene& scene, std::uint64_t index, const synth::PictureOptions& options,
                                        const Progress& progress) const {
  Random random(mixed(seed_ + 3, index), 3);
  return synth::draw(scene, maker_->body_model(), options, random, progress);
}

std::vector<Prompt> ScenePrompts::scene(std::uint64_t index) const {
  const auto scene = std::make_shared<const synth::Scene>(make(index));
  std::vector<Prompt> prompts;
  for (int o = 0; o < static_cast<int>(scene->objects.size()); ++o) {
    const auto& thing = scene->objects[static_cast<std::size_t>(o)];
    Prompt prompt;
    prompt.scene = index;
    prompt.object = o;
    prompt.category = thing.object->category;
    Random random(mixed(seed_ + 2, index), static_cast<std::uint64_t>(o));
    // Only questions about contact are asked here.
    for (auto asked = synth::ask(*scene, o, prompt.touched(), random);; asked = synth::ask(*scene, o, prompt.touched(), random)) {
      prompt.question = asked.question;
      if (asked.asks_for_contact) break;
    }
    prompt.interaction = thing.interaction;
    prompt.placement = thing.placement;
    const auto all = as_floats(thing.body_contact);
    prompt.body_truth.resize(sample_->size());
    for (int i = 0; i < sample_->size(); ++i) prompt.body_truth[i] = all[sample_->vertices[static_cast<std::size_t>(i)]];
    prompt.object_truth = as_floats(thing.object_contact);
    prompt.mesh = thing.object;
    prompt.mark = [this, scene, index, o](Marks marks) {
      const auto made = marked(*scene, index, o, marks);
      return MarkedPrompt{evidence::gather(made.observation, *sample_), made.touched, made.mask};
    };
    prompts.push_back(std::move(prompt));
  }
  return prompts;
}

}  // namespace tactus::evaluation
