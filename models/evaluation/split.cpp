#include "tactus/evaluation/split.h"

#include <algorithm>

#include "tactus/error.h"
#include "tactus/evaluation/compact_model.h"
#include "tactus/perception/perceiver.h"
#include "tactus/perception/score.h"

namespace tactus::evaluation {

synth::Split split_named(const std::string& name) {
  if (name == "train") return synth::Split::train;
  if (name == "validation") return synth::Split::validation;
  if (name == "test") return synth::Split::test;
  throw bad_input("--split: \"" + name + "\" is no split; train, validation and test are");
}

std::array<Candidate, kWhoCount> SplitEvaluation::candidates() const {
  return {Candidate{model.get(), policy, guessed}, Candidate{prior.get(), prior_policy}, Candidate{}};
}

SplitEvaluation evaluate(const SplitOptions& options, const Progress& whole, std::shared_ptr<const SampleModel> model, const Policy& policy,
                         std::shared_ptr<const contact::Perceiver> perceiver) {
  if (!options.body) throw bad_input("evaluation: no body model was given");
  if (options.prior_scenes < 1) throw bad_input("evaluation: at least one scene is needed to count the prior in");
  validate(options.evaluation);
  validate(options.photo_only);
  if (options.scored_photographs < 1) throw bad_input("photographs: " + std::to_string(options.scored_photographs) + " to score the perception on; at least 1 is needed");
  const auto sample = std::make_shared<const evidence::BodySample>(evidence::make_body_sample(*options.body));
  SplitEvaluation result;
  result.seed = options.seed;
  result.model = std::move(model);
  result.policy = policy;
  if (!result.model && !options.weights.empty()) {   // first: a bad file is known at once
    auto loaded = load_compact_model(options.weights, *options.body, *sample);
    result.model = std::move(loaded.model);
    result.policy = loaded.policy;
    result.guessed = loaded.guessed;
    result.provenance = std::move(loaded.provenance);
  }
  const bool scores_perception = !perceiver && !options.perception.empty();
  result.perceiver = scores_perception ? std::make_shared<const perception::Perceiver>(options.perception) : std::move(perceiver);
  result.photo_only = options.photo_only;
  // A photograph takes as long as about five prompts with simulated marks.
  const Progress progress = whole.part(0.0, result.perceiver ? 0.5 : 1.0);
  const auto surface = std::make_shared<const Surface>(surface_of(*options.body, *sample));
  // The counts need no more variety than this, and pools take time to make.
  synth::SceneMaker::Options pools = options.pools;
  pools.bodies = options.split == synth::Split::train ? pools.bodies : std::min(pools.bodies, 40);
  pools.instances = options.split == synth::Split::train ? pools.instances : std::min(pools.instances, 6);
  const auto source_of = [&](synth::Split split, std::uint64_t seed, const Progress& part) {
    return std::make_shared<const ScenePrompts>(std::make_shared<const synth::SceneMaker>(options.body, split, pools, part), sample, surface, seed);
  };
  // Seeds of their own, so that the prior is the same whatever split is evaluated.
  const auto training = source_of(synth::Split::train, options.seed + 1000, progress.part(0.0, 0.05, "Bodies and objects"));
  const auto frequencies = std::make_shared<const ContactFrequencies>(count_contact(*training, options.prior_scenes, progress.part(0.05, 0.2, "Prior")));
  const auto validation = source_of(synth::Split::validation, options.seed + 2000, progress.part(0.2, 0.22, "Bodies and objects"));
  const std::shared_ptr<const SampleModel> category = make_category_prior(frequencies), near_mask = make_heuristic(frequencies);
  const auto policies = choose_thresholds({category.get(), near_mask.get()}, *validation, options.evaluation.validation_prompts,
                                          progress.part(0.22, 0.34, "Thresholds"));
  const Policy category_policy = policies[0], near_policy = policies[1];
  result.source = source_of(options.split, options.seed, progress.part(0.34, 0.36, "Bodies and objects"));
  result.prior = category;
  result.prior_policy = category_policy;
  if (!result.model) {
    result.model = category;
    result.policy = category_policy;
  }
  result.evaluation = evaluate({Candidate{result.model.get(), result.policy}, Candidate{category.get(), category_policy},
                                Candidate{near_mask.get(), near_policy}},
                               *result.source, options.evaluation, progress.part(0.36, 1.0, "Evaluate"));
  if (scores_perception) {
    perception::ScoreOptions scored;
    scored.pictures = options.scored_photographs;
    scored.seed = options.seed + 3000;
    result.evaluation.perception = perception::score(options.perception, result.source->maker(), scored, whole.part(0.5, 0.65, "Perception"));
  }
  if (result.perceiver) {
    result.evaluation.photo_only =
        photo_only(result.evaluation, *result.source, *result.perceiver, result.candidates(), options.photo_only, whole.part(0.65, 1.0, "Photographs alone"));
  }
  return result;
}

}  // namespace tactus::evaluation
