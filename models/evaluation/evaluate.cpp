#include "tactus/evaluation/evaluate.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "scoring.h"
#include "tactus/contact/decision.h"
#include "tactus/error.h"
#include "tactus/parallel.h"

namespace tactus::evaluation {
namespace {

constexpr int kRound = 8;   // scenes at a time; accepted in order, so the threads do not matter

// What a later prompt of the category borrows, and who is still waiting for marks of another.
struct Shuffled {
  Prompt prompt;
  std::shared_ptr<const evidence::Evidence> evidence;
  std::size_t result = 0;
};

struct Answered {
  Prompt prompt;
  PromptResult result;
  std::shared_ptr<const evidence::Evidence> evidence;
};

class Runner {
 public:
  Runner(const std::array<Candidate, kWhoCount>& candidates, const PromptSource& source, const Progress& progress)
      : candidates_(candidates), source_(source), progress_(progress) {}

  // All prompts of one scene of the kinds that are still wanted.
  std::vector<Answered> answer(std::uint64_t index, bool want_touched, bool want_untouched) const {
    progress_.check();
    auto prompts = source_.scene(index);
    std::vector<Answered> answers;
    std::array<std::vector<SamplePrediction>, kWhoCount> said;
    for (auto& prompt : prompts) {
      if (prompt.touched() ? !want_touched : !want_untouched) continue;
      Answered answered;
      auto& result = answered.result;
      result.scene = index;
      result.object = prompt.object;
      result.category = prompt.category;
      result.interaction = prompt.interaction;
      result.placement = prompt.placement;
      auto marked = prompt.mark(Marks::honest);
      result.mask = marked.mask;
      result.touched = prompt.touched() && marked.touched;
      result.scored = result.touched && prompt.body_truth.sum() > 0.0F;
      answered.evidence = std::make_shared<const evidence::Evidence>(std::move(marked.evidence));
      for (int who = 0; who < kWhoCount; ++who) {
        auto prediction = ask(who, prompt, *answered.evidence);
        result.answers[static_cast<std::size_t>(who)] = score(candidates_[static_cast<std::size_t>(who)].policy, prompt, prediction, source_.surface());
        if (who == model && result.touched) {
          result.affordance = contact::affordance_score(prediction.object, prompt.object_truth);
        }
        said[static_cast<std::size_t>(who)].push_back(std::move(prediction));
      }
      if (result.touched) {
        result.doubled_f1 = f1_with(prompt, Marks::doubled);
        result.clean_f1 = f1_with(prompt, Marks::clean);
        const auto empty = prompt.mark(Marks::empty_mask);
        for (int who = 0; who < kWhoCount; ++who)
          result.answers[static_cast<std::size_t>(who)].said_empty =
              says_contact(candidates_[static_cast<std::size_t>(who)].policy, ask(who, prompt, empty.evidence));
      }
      answered.prompt = std::move(prompt);
      answers.push_back(std::move(answered));
    }
    swap(answers, said);
    return answers;
  }

  SamplePrediction ask(int who, const Prompt& prompt, const evidence::Evidence& evidence) const {
    progress_.check();
    return candidates_[static_cast<std::size_t>(who)].model->predict(evidence, prompt.category, prompt.question, *prompt.mesh);
  }

  double f1_of(const Prompt& prompt, const evidence::Evidence& evidence) const {
    const auto& policy = candidates_[model].policy;
    return score(policy, prompt, ask(model, prompt, evidence), source_.surface()).body.f1;
  }

 private:
  std::optional<double> f1_with(const Prompt& prompt, Marks marks) const {
    const auto marked = prompt.mark(marks);
    if (!marked.touched || prompt.body_truth.sum() == 0.0F) return std::nullopt;
    return f1_of(prompt, marked.evidence);
  }

  // Each answer about a touched object against the truth of the scene's other touched ones.
  void swap(std::vector<Answered>& answers, const std::array<std::vector<SamplePrediction>, kWhoCount>& said) const {
    for (std::size_t a = 0; a < answers.size(); ++a) {
      if (!answers[a].result.scored) continue;
      for (std::size_t who = 0; who < kWhoCount; ++who) {
        double sum = 0;
        int others = 0;
        for (std::size_t b = 0; b < answers.size(); ++b) {
          if (b == a || !answers[b].prompt.touched() || answers[b].prompt.body_truth.sum() == 0.0F) continue;
          sum += gated_score(candidates_[who].policy, said[who][a], answers[b].prompt.body_truth).f1;
          ++others;
        }
        if (others == 0) break;
        auto& answer = answers[a].result.answers[who];
        answer.swap_own = answer.body.f1;
        answer.swap_other = sum / others;
      }
    }
  }

  const std::array<Candidate, kWhoCount>& candidates_;
  const PromptSource& source_;
  const Progress& progress_;
};

}  // namespace

void validate(const EvaluationOptions& options) {
  if (options.prompts < 1) throw bad_input("evaluation: " + std::to_string(options.prompts) + " prompts; at least 1 is needed");
  if (options.validation_prompts < 1)
    throw bad_input("evaluation: " + std::to_string(options.validation_prompts) + " prompts to choose thresholds on; at least 1 is needed");
  if (!(options.untouched_part >= 0.0 && options.untouched_part < 1.0))
    throw bad_input("evaluation: the untouched part must lie in [0, 1)");
  if (options.most_scenes_a_prompt < 1) throw bad_input("evaluation: at least one scene a prompt is needed");
}

std::vector<Policy> choose_thresholds(const std::vector<const SampleModel*>& models, const PromptSource& source, int prompts,
                                      const Progress& progress) {
  if (prompts < 1) throw bad_input("thresholds: " + std::to_string(prompts) + " prompts to choose them on; at least 1 is needed");
  constexpr int kSteps = 49;   // 0.02 … 0.98
  const auto at = [](std::size_t step) { return 0.02 * static_cast<double>(step + 1); };
  struct Sums {
    std::array<double, kSteps> body{}, object{};
  };
  using OfModels = std::vector<Sums>;
  OfModels total(models.size());
  int taken = 0;
  for (std::uint64_t first = 0; taken < prompts; first += kRound) {
    if (first > static_cast<std::uint64_t>(prompts) * 20)
      throw cannot_run("thresholds: only " + std::to_string(taken) + " touched prompts in " + std::to_string(first) + " scenes");
    std::vector<std::vector<OfModels>> made(kRound);   // a scene, a prompt
    parallel_for(kRound, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        for (const auto& prompt : source.scene(first + i)) {
          progress.check();
          if (!prompt.touched()) continue;
          const auto marked = prompt.mark(Marks::honest);
          if (!marked.touched || prompt.body_truth.sum() == 0.0F) continue;
          OfModels scores(models.size());
          for (std::size_t m = 0; m < models.size(); ++m) {
            const auto said = models[m]->predict(marked.evidence, prompt.category, prompt.question, *prompt.mesh);
            const double on_body = contact::best_expected_f1(said.body), on_object = contact::best_expected_f1(said.object);
            for (std::size_t k = 0; k < kSteps; ++k) {
              scores[m].body[k] = contact::contact_score_at(said.body, prompt.body_truth, contact::contact_threshold(on_body, at(k))).f1;
              scores[m].object[k] = contact::contact_score_at(said.object, prompt.object_truth, contact::contact_threshold(on_object, at(k))).f1;
            }
          }
          made[i].push_back(std::move(scores));
        }
      }
    });
    for (const auto& scene : made) {
      for (const auto& scores : scene) {
        if (taken == prompts) break;
        ++taken;
        for (std::size_t m = 0; m < models.size(); ++m) {
          for (std::size_t k = 0; k < kSteps; ++k) {
            total[m].body[k] += scores[m].body[k];
            total[m].object[k] += scores[m].object[k];
          }
        }
      }
    }
    progress.report(static_cast<double>(taken) / prompts, "choosing thresholds of the controls");
  }
  const auto best = [&](const std::array<double, kSteps>& sums) {
    return at(static_cast<std::size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin()));
  };
  std::vector<Policy> policies;
  for (const auto& sums : total) policies.push_back({best(sums.body), best(sums.object), 0.0});
  return policies;
}

Evaluation evaluate(const std::array<Candidate, kWhoCount>& candidates, const PromptSource& source, const EvaluationOptions& options,
                    const Progress& progress) {
  validate(options);
  const int untouched_wanted = static_cast<int>(std::lround(options.untouched_part * options.prompts));
  const int touched_wanted = options.prompts - untouched_wanted;
  const Runner runner(candidates, source, progress);
  Evaluation evaluation;
  std::map<std::string, Shuffled> lent, first_of;   // by category: the last prompt, and the first, who waits for the last
  int touched = 0, untouched = 0;
  std::mutex reporting;
  for (std::uint64_t first = 0; touched < touched_wanted || untouched < untouched_wanted; first += kRound) {
    if (first >= static_cast<std::uint64_t>(options.prompts) * static_cast<std::uint64_t>(options.most_scenes_a_prompt))
      throw cannot_run("evaluation: only " + std::to_string(touched) + " prompts about touched and " + std::to_string(untouched) +
                       " about untouched objects in " + std::to_string(first) + " scenes");
    std::vector<std::vector<Answered>> made(kRound);
    const bool want_touched = touched < touched_wanted, want_untouched = untouched < untouched_wanted;
    const double before = static_cast<double>(evaluation.prompts.size());
    double finished = 0;
    parallel_for(kRound, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        made[i] = runner.answer(first + i, want_touched, want_untouched);
        const std::lock_guard lock(reporting);
        finished += static_cast<double>(made[i].size());
        progress.report(std::min(1.0, (before + finished) / options.prompts), "scene " + std::to_string(first + i + 1));
      }
    });
    // In order: whom the quota takes, and who gets whose marks.
    std::vector<std::pair<Shuffled, std::shared_ptr<const evidence::Evidence>>> pairs;
    for (auto& scene : made) {
      bool taken = false;
      for (auto& answered : scene) {
        int& count = answered.prompt.touched() ? touched : untouched;
        if (count == (answered.prompt.touched() ? touched_wanted : untouched_wanted)) continue;
        ++count;
        taken = true;
        evaluation.prompts.push_back(answered.result);
        if (!answered.result.scored) continue;
        Shuffled mine{std::move(answered.prompt), std::move(answered.evidence), evaluation.prompts.size() - 1};
        const std::string category = mine.prompt.category;
        if (const auto last = lent.find(category); last != lent.end()) {
          pairs.emplace_back(mine, last->second.evidence);
          last->second = std::move(mine);
        } else {
          first_of[category] = mine;
          lent[category] = std::move(mine);
        }
      }
      evaluation.scenes += taken ? 1 : 0;
    }
    std::vector<double> shuffled(pairs.size());
    parallel_for(pairs.size(), 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) shuffled[i] = runner.f1_of(pairs[i].first.prompt, *pairs[i].second);
    });
    for (std::size_t i = 0; i < pairs.size(); ++i) evaluation.prompts[pairs[i].first.result].shuffled_f1 = shuffled[i];
  }
  for (const auto& [category, mine] : first_of)
    if (const auto& last = lent.at(category); last.result != mine.result)
      evaluation.prompts[mine.result].shuffled_f1 = runner.f1_of(mine.prompt, *last.evidence);
  summarise(evaluation, candidates);
  progress.report(1.0);
  return evaluation;
}

}  // namespace tactus::evaluation
