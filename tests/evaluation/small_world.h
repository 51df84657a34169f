// Ten points, four prompts a scene, numbers that can be worked out by hand.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tactus/evaluation/evaluate.h"

namespace tactus::evaluation {

// Points 0, 1: the left hand; 2, 3: the right one; 4 … 9: the rest, of which 4 and 5 lie near each other.
// Scene i: a cup held in the left hand (i even) or the right one, a chair sat on (points 6, 7, 8), a far ball, and in every
// second scene a near miss. Evidence: column 0 of Evidence::vertex is the truth; doubled marks lack its first point.
class SmallWorld : public PromptSource {
 public:
  SmallWorld() {
    surface_.hands.assign(10, Surface::Hand::none);
    surface_.hands[0] = surface_.hands[1] = Surface::Hand::left;
    surface_.hands[2] = surface_.hands[3] = Surface::Hand::right;
    for (int i = 0; i < 10; ++i) surface_.near.push_back({i});
    surface_.near[4].push_back(5);
    surface_.near[5].push_back(4);
    surface_.parts.assign(10, 0);
    surface_.part_names = {"body"};
  }
  const Surface& surface() const override { return surface_; }
  std::vector<Prompt> scene(std::uint64_t index) const override {
    const bool left = index % 2 == 0;
    std::vector<Prompt> prompts;
    prompts.push_back(prompt(index, 0, "cup", left ? synth::Interaction::hold_left : synth::Interaction::hold_right,
                             synth::Placement::touched, left ? std::vector<int>{0, 1} : std::vector<int>{2, 3}));
    prompts.push_back(prompt(index, 1, "chair", synth::Interaction::sit, synth::Placement::touched, {6, 7, 8}));
    prompts.push_back(prompt(index, 2, "ball", synth::Interaction::none, synth::Placement::far, {}));
    if (left) prompts.push_back(prompt(index, 3, "ball", synth::Interaction::none, synth::Placement::near_miss, {}));
    return prompts;
  }

 private:
  static Prompt prompt(std::uint64_t scene, int object, const std::string& category, synth::Interaction interaction,
                       synth::Placement placement, const std::vector<int>& touched) {
    Prompt prompt;
    prompt.scene = scene;
    prompt.object = object;
    prompt.category = category;
    prompt.question = "What touches the " + category + "?";
    prompt.interaction = interaction;
    prompt.placement = placement;
    prompt.body_truth = Eigen::VectorXf::Zero(10);
    for (const int i : touched) prompt.body_truth[i] = 1.0F;
    // The object's part says what is touched: vertex 0 of three.
    auto mesh = std::make_shared<objects::ObjectMesh>();
    mesh->category = mesh->name = category;
    mesh->mesh.vertices = geometry::Vertices{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
    mesh->mesh.faces = geometry::Faces{{0, 1, 2}};
    mesh->part_names = {"rest", "handle"};
    mesh->vertex_parts = {1, 0, 0};
    prompt.mesh = mesh;
    prompt.object_truth = Eigen::VectorXf::Zero(3);
    if (!touched.empty()) prompt.object_truth[0] = 1.0F;
    prompt.mark = [touched](Marks marks) {
      MarkedPrompt marked;
      marked.evidence.vertex = evidence::FeatureRows::Zero(10, evidence::kVertexFeatureCount);
      marked.evidence.global.setZero();
      marked.evidence.distance_m = Eigen::VectorXf::Constant(10, 0.5F);
      marked.evidence.mask_empty = marks == Marks::empty_mask;
      marked.touched = !touched.empty() && marks != Marks::empty_mask;
      marked.mask = marks == Marks::empty_mask ? synth::MaskState::empty : synth::MaskState::good;
      if (marks == Marks::empty_mask) return marked;
      for (std::size_t k = marks == Marks::doubled ? 1 : 0; k < touched.size(); ++k) {
        marked.evidence.vertex(touched[k], 0) = 1.0F;
        marked.evidence.distance_m[touched[k]] = 0.0F;
      }
      return marked;
    };
    return prompt;
  }

  Surface surface_;
};

// Says what the evidence of SmallWorld gives away.
class Oracle : public SampleModel {
 public:
  std::string name() const override { return "oracle"; }
  SamplePrediction predict(const evidence::Evidence& evidence, const std::string&, const std::string&,
                           const objects::ObjectMesh& object) const override {
    SamplePrediction said;
    said.body = evidence.vertex.col(0);
    said.presence = static_cast<double>(said.body.maxCoeff());
    said.object.resize(object.mesh.vertex_count());
    for (Eigen::Index i = 0; i < said.object.size(); ++i)
      said.object[i] = object.part_names[object.vertex_parts[static_cast<std::size_t>(i)]] == "handle" ? 0.9F : 0.1F;
    return said;
  }
};

// The same whatever is asked.
class Constant : public SampleModel {
 public:
  Constant(float body, double presence) : body_(body), presence_(presence) {}
  std::string name() const override { return "constant"; }
  SamplePrediction predict(const evidence::Evidence& evidence, const std::string&, const std::string&,
                           const objects::ObjectMesh& object) const override {
    return {Eigen::VectorXf::Constant(evidence.vertex.rows(), body_), Eigen::VectorXf::Constant(object.mesh.vertex_count(), body_), presence_};
  }

 private:
  float body_;
  double presence_;
};

}  // namespace tactus::evaluation
