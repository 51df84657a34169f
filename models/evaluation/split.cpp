#include "tactus/evaluation/split.h"

#include <algorithm>

#include "tactus/error.h"
#include "tactus/evaluation/compact_model.h"

namespace tactus::evaluation {

synth::Split split_named(const std::string& name) {
  if (name == "train") return synth::Split::train;
  if (name == "validation") return synth::Split::validation;
  if (name == "test") return synth::Split::test;
  throw bad_input("--split: \"" + name + "\" is no split; train, validation and test are");
}

SplitEvaluation evaluate(const SplitOptions& options, const Progress& progress, std::shared_ptr<const SampleModel> model, const Policy& policy) {
  if (!options.body) throw bad_input("evaluation: no body model was given");
  if (options.prior_scenes < 1) throw bad_input("evaluation: at least one scene is needed to count the prior in");
  validate(options.evaluation);
  const auto sample = std::make_shared<const evidence::BodySample>(evidence::make_body_sample(*options.body));
  SplitEvaluation result;
  result.seed = options.seed;
  result.model = std::move(model);
  result.policy = policy;
  if (!result.model && !options.weights.empty()) {   // first: a bad file is known at once
    auto loaded = load_compact_model(options.weights, *options.body, *sample);
    result.model = std::move(loaded.model);
    result.policy = loaded.policy;
    result.provenance = std::move(loaded.provenance);
  }
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
  if (!result.model) {
    result.model = category;
    result.policy = category_policy;
  }
  result.evaluation = evaluate({Candidate{result.model.get(), result.policy}, Candidate{category.get(), category_policy},
                                Candidate{near_mask.get(), near_policy}},
                               *result.source, options.evaluation, progress.part(0.36, 1.0, "Evaluate"));
  return result;
}

}  // namespace tactus::evaluation
