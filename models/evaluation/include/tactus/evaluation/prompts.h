// What the evaluation asks: prompts about objects in scenes, each with its truth on the sample of the body's surface.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tactus/evidence/evidence.h"
#include "tactus/objects/library.h"
#include "tactus/synth/marks.h"
#include "tactus/synth/pictures.h"
#include "tactus/synth/scene.h"

namespace tactus::evaluation {

// Which marks are given with a prompt.
enum class Marks { honest, doubled, clean, empty_mask };

struct MarkedPrompt {
  evidence::Evidence evidence;
  bool touched = false;              // what the answer should be: false, too, when the mask is empty or of another thing
  synth::MaskState mask = synth::MaskState::good;
};

struct Prompt {
  std::uint64_t scene = 0;           // index in its source
  int object = 0;                    // in that scene
  std::string category, question;
  synth::Interaction interaction = synth::Interaction::none;
  synth::Placement placement = synth::Placement::touched;
  Eigen::VectorXf body_truth;        // [S], 0 or 1
  Eigen::VectorXf object_truth;      // [N], 0 or 1
  std::shared_ptr<const objects::ObjectMesh> mesh;
  std::function<MarkedPrompt(Marks)> mark;      // the same marks at every call
  bool touched() const { return placement == synth::Placement::touched; }
};

// The sample of the body's surface, as far as scores need it.
struct Surface {
  enum class Hand : std::uint8_t { none, left, right };
  std::vector<Hand> hands;                      // [S], fingers included
  std::vector<std::vector<int>> near;           // [S] points at most 4 cm away along the resting surface, the point itself included
  std::vector<std::uint8_t> parts;              // [S] index into part_names
  std::vector<std::string> part_names;
  int size() const { return static_cast<int>(hands.size()); }
};
Surface surface_of(const body::BodyModel& model, const evidence::BodySample& sample, double near_m = 0.04);

// Prompts of scene after scene; the same ones for the same index. Safe to ask from several threads at once.
class PromptSource {
 public:
  virtual ~PromptSource() = default;
  virtual std::vector<Prompt> scene(std::uint64_t index) const = 0;
  virtual const Surface& surface() const = 0;
};

// From the scene generator: scene i has the seed mixed from `seed` and i.
class ScenePrompts : public PromptSource {
 public:
  ScenePrompts(std::shared_ptr<const synth::SceneMaker> maker, std::shared_ptr<const evidence::BodySample> sample,
               std::shared_ptr<const Surface> surface, std::uint64_t seed);
  std::vector<Prompt> scene(std::uint64_t index) const override;
  const Surface& surface() const override { return *surface_; }
  synth::Scene make(std::uint64_t index) const;
  // As Prompt::mark, with the observation itself.
  synth::MarkedScene marked(const synth::Scene& scene, std::uint64_t index, int object, Marks marks) const;
  // The photograph of scene `index`; the same one for the same options.
  synth::Picture photograph(const synth::Scene& scene, std::uint64_t index, const synth::PictureOptions& options, const Progress& progress = {}) const;
  const evidence::BodySample& sample() const { return *sample_; }
  const body::BodyModel& body() const { return maker_->body_model(); }
  const synth::SceneMaker& maker() const { return *maker_; }

 private:
  std::shared_ptr<const synth::SceneMaker> maker_;
  std::shared_ptr<const evidence::BodySample> sample_;
  std::shared_ptr<const Surface> surface_;
  std::uint64_t seed_;
};

}  // namespace tactus::evaluation
