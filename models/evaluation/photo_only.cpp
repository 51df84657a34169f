#include "tactus/evaluation/photo_only.h"

#include <algorithm>
#include <mutex>

#include "scoring.h"
#include "tactus/compact/trust.h"
#include "tactus/error.h"
#include "tactus/evidence/from_marks.h"
#include "tactus/parallel.h"

namespace tactus::evaluation {
namespace {

// The prompts of one scene that are asked.
struct OfScene {
  std::uint64_t index = 0;
  std::vector<PhotoAnswer*> answers;
};

}  // namespace

void validate(const PhotoOnlyOptions& options) {
  if (options.prompts < 1) throw bad_input("photographs: " + std::to_string(options.prompts) + " were asked for; at least 1 is needed");
  if (options.untouched < 0) throw bad_input("photographs: " + std::to_string(options.untouched) + " of untouched things were asked for; 0 or more are needed");
  if (options.picture.larger_side < 32 || options.picture.larger_side > 4096)
    throw bad_input("photographs: a side of " + std::to_string(options.picture.larger_side) + " pixels is outside 32 to 4096");
}

PhotoAnswered answer_from_photo(const ScenePrompts& source, const Prompt& prompt, const ImageU8& rgb, const contact::Perceiver& perceiver,
                                const std::array<Candidate, kWhoCount>& candidates, const PhotoOnlyOptions& options, const Progress& progress) {
  PhotoAnswered answered;
  answered.marks = contact::marks_of(perceiver.look(rgb, prompt.category, progress.part(0.0, 0.2)));
  progress.check();
  const objects::ObjectMesh usual = objects::make_object(prompt.category);
  answered.from_photo = answered.marks.keypoints.has_value() && answered.marks.object_mask.has_value();
  const Candidate& who = candidates[answered.from_photo ? model : prior];
  answered.policy = answered.from_photo ? who.guessed.value_or(who.policy) : who.policy;
  evidence::Evidence evidence;
  if (answered.from_photo) {
    const auto body = evidence::body_from_marks(source.body(), answered.marks, rgb.width, rgb.height, options.fit, progress.part(0.2, 0.9));
    const auto seen = evidence::observe(source.sample(), source.sample().vertices, body, answered.marks, usual);
    answered.fit_error_m = seen.fit_error_m;
    evidence = evidence::gather(seen, source.sample());
    progress.check();
  }
  answered.said = who.model->predict(evidence, prompt.category, prompt.question, usual);
  // What an analysis does with a body that misses its marks.
  if (answered.from_photo && !evidence.mask_empty && answered.said.usual.size() == answered.said.body.size())
    compact::lean_on_usual(answered.said.body, answered.said.presence, answered.said.usual, compact::trust_in_fit(answered.fit_error_m));
  progress.report(1.0);
  return answered;
}

PhotoOnly photo_only(const Evaluation& evaluation, const ScenePrompts& source, const contact::Perceiver& perceiver,
                     const std::array<Candidate, kWhoCount>& candidates, const PhotoOnlyOptions& options, const Progress& progress) {
  validate(options);
  PhotoOnly result;
  // Places do not move while they are filled.
  result.answers.reserve(static_cast<std::size_t>(options.prompts));
  result.untouched.reserve(static_cast<std::size_t>(options.untouched));
  std::vector<OfScene> scenes;
  for (std::size_t i = 0; i < evaluation.prompts.size(); ++i) {
    const PromptResult& prompt = evaluation.prompts[i];
    const bool untouched = prompt.placement != synth::Placement::touched;
    if (!prompt.scored && !untouched) continue;
    std::vector<PhotoAnswer>& answers = untouched ? result.untouched : result.answers;
    if (static_cast<int>(answers.size()) >= (untouched ? options.untouched : options.prompts)) continue;
    if (scenes.empty() || scenes.back().index != prompt.scene) scenes.push_back({prompt.scene, {}});
    PhotoAnswer answer;
    answer.prompt = i;
    answer.prior_f1 = prompt.answers[prior].body.f1;
    answer.marked_f1 = prompt.answers[model].body.f1;
    answers.push_back(answer);
    scenes.back().answers.push_back(&answers.back());
  }
  const auto all = static_cast<double>(result.answers.size() + result.untouched.size());
  const Progress quiet({}, progress.stop_token());   // the threads of the fit report too
  std::mutex reporting;
  double finished = 0;
  parallel_for(scenes.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t s = begin; s < end; ++s) {
      progress.check();
      const auto prompts = source.scene(scenes[s].index);
      progress.check();
      const synth::Picture picture = source.photograph(source.make(scenes[s].index), scenes[s].index, options.picture, quiet);
      for (PhotoAnswer* place : scenes[s].answers) {
        PhotoAnswer& answer = *place;
        const Prompt& prompt = prompts.at(static_cast<std::size_t>(evaluation.prompts[answer.prompt].object));
        const PhotoAnswered answered = answer_from_photo(source, prompt, picture.rgb, perceiver, candidates, options, quiet);
        answer.joints_found = answered.marks.keypoints.has_value();
        answer.object_found = answered.marks.object_mask.has_value();
        const bool said = says_contact(answered.policy, answered.said);
        answer.denied = answered.from_photo && !said;
        answer.said = said;
        answer.f1 = gated_score(answered.policy, answered.said, prompt.body_truth).f1;
        answer.fit_error_m = answered.fit_error_m;
        const std::lock_guard lock(reporting);
        finished += 1;
        progress.report(finished / all, "photograph " + std::to_string(static_cast<int>(finished)));
      }
    }
  });
  const auto mean_over = [](const std::vector<PhotoAnswer>& answers, auto value) {
    double sum = 0;
    for (const PhotoAnswer& answer : answers) sum += static_cast<double>(value(answer));
    return answers.empty() ? 0.0 : sum / static_cast<double>(answers.size());
  };
  const auto mean = [&](auto value) { return mean_over(result.answers, value); };
  result.f1 = mean([](const PhotoAnswer& a) { return a.f1; });
  result.prior_f1 = mean([](const PhotoAnswer& a) { return a.prior_f1; });
  result.marked_f1 = mean([](const PhotoAnswer& a) { return a.marked_f1; });
  result.answered_from_photo = mean([](const PhotoAnswer& a) { return a.joints_found && a.object_found; });
  result.joints_found = mean([](const PhotoAnswer& a) { return a.joints_found; });
  result.object_found = mean([](const PhotoAnswer& a) { return a.object_found; });
  result.denied = mean([](const PhotoAnswer& a) { return a.denied; });
  result.false_contact = mean_over(result.untouched, [](const PhotoAnswer& a) { return a.said; });
  progress.report(1.0);
  return result;
}

}  // namespace tactus::evaluation
