#include "validation.h"

#include <ATen/ops/sigmoid.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tactus/contact/decision.h"
#include "tactus/contact/metrics.h"
#include "tactus/parallel.h"
#include "tactus/training/calibration.h"

namespace tactus::training {
namespace {

struct Result {
  PromptInfo info;
  std::vector<float> body, object, truth, object_truth;   // logits and labels
  double body_f1 = 0, object_f1 = 0;                      // contact::best_expected_f1, once the temperatures are known
  float presence = 0;
};

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

struct Score {
  double precision = 0, recall = 0, f1 = 0;
};
Score score(const std::vector<float>& logits, const std::vector<float>& truth, double logit_threshold) {
  double hit = 0, said = 0, is = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const bool yes = logits[i] >= logit_threshold;
    hit += yes && truth[i] > 0 ? 1 : 0;
    said += yes ? 1 : 0;
    is += truth[i];
  }
  Score s;
  s.precision = said > 0 ? hit / said : 0;
  s.recall = is > 0 ? hit / is : 0;
  s.f1 = hit > 0 ? 2 * hit / (said + is) : 0;
  return s;
}

double logit(double p) { return std::log(p / (1.0 - p)); }

// The logit from which a point is in contact, by the share of contact/decision.h.
double threshold_logit(double share, double expected_f1, double temperature) {
  return logit(contact::contact_threshold(expected_f1, share)) * temperature;
}

double expected_f1(const std::vector<float>& logits, double temperature) {
  Eigen::VectorXf p(static_cast<Eigen::Index>(logits.size()));
  for (std::size_t i = 0; i < logits.size(); ++i) p[static_cast<Eigen::Index>(i)] = static_cast<float>(sigmoid(static_cast<double>(logits[i]) / temperature));
  return contact::best_expected_f1(p);
}

void expect(std::vector<Result>& results, const compact::WeightsInfo& info) {
  for (Result& r : results) {
    r.body_f1 = expected_f1(r.body, info.contact_temperature);
    r.object_f1 = expected_f1(r.object, info.object_temperature);
  }
}

double area_under_curve(const std::vector<std::pair<float, bool>>& scored) {
  std::vector<float> values;
  std::vector<std::uint8_t> positive;
  for (const auto& [value, is] : scored) {
    values.push_back(value);
    positive.push_back(is ? 1 : 0);
  }
  return contact::roc_auc(values, positive).value_or(0.5);
}

std::vector<Result> ask_all(const std::vector<compact::Network>& replicas, const DataSet& data, int slice, const Progress& progress) {
  std::vector<Result> results(static_cast<std::size_t>(data.size()));
  const auto slices = static_cast<std::size_t>((data.size() + slice - 1) / slice);
  const std::size_t lanes = replicas.size();
  parallel_for(lanes, 1, [&](std::size_t begin, std::size_t end) {
    const c10::InferenceMode inference;
    for (std::size_t lane = begin; lane < end; ++lane) {
      compact::Network network = replicas[lane];
      const at::Device device = network->parameters().front().device();
      for (std::size_t s = lane; s < slices; s += lanes) {
        if (progress.stop_requested()) return;
        std::vector<std::int64_t> which;
        for (std::int64_t i = static_cast<std::int64_t>(s) * slice; i < std::min(data.size(), static_cast<std::int64_t>(s + 1) * slice); ++i) which.push_back(i);
        Items items = data.collate(which, 0, {.contact_only = true});
        compact::Batch& b = items.batch;
        for (at::Tensor* t : {&b.vertex, &b.global, &b.category, &b.words, &b.question_length, &b.object, &b.object_part}) *t = t->to(device);
        b.words = b.words.narrow(1, 0, b.question_length.max().item<std::int64_t>());
        const compact::Output output = network->forward(b);
        const at::Tensor body = output.body.cpu().contiguous(), object = output.object.cpu().contiguous(), presence = output.presence.cpu().contiguous();
        for (std::size_t i = 0; i < which.size(); ++i) {
          Result& r = results[static_cast<std::size_t>(which[i])];
          r.info = data.info(which[i]);
          const auto row = static_cast<std::int64_t>(i);
          const auto copy = [&](const at::Tensor& from, std::int64_t count) {
            const float* first = from.const_data_ptr<float>() + row * from.size(1);
            return std::vector<float>(first, first + count);
          };
          r.body = copy(body, body.size(1));
          r.truth = copy(items.body, items.body.size(1));
          r.object = copy(object, r.info.points);
          r.object_truth = copy(items.object, r.info.points);
          r.presence = presence.const_data_ptr<float>()[row];
        }
      }
    }
  });
  progress.check();
  return results;
}

// The share whose mean F1 over the touched is best, with those that the gate denies at 0. answer_of: logits, truth and expected F1.
template <typename AnswerOf>
double best_threshold(const std::vector<const Result*>& touched, double temperature, double gate_logit, AnswerOf&& answer_of, double& f1) {
  double best = 0.5;
  f1 = -1;
  for (double threshold = 0.1; threshold < 0.91; threshold += 0.02) {
    double sum = 0;
    for (const Result* r : touched) {
      if (r->presence < gate_logit) continue;
      const auto& [logits, truth, expected] = answer_of(*r);
      sum += score(logits, truth, threshold_logit(threshold, expected, temperature)).f1;
    }
    if (sum > f1) {
      f1 = sum;
      best = threshold;
    }
  }
  f1 = touched.empty() ? 0.0 : f1 / static_cast<double>(touched.size());
  return best;
}

// An object that is touched below the sample's grain has no truth to score: it is neither.
enum class Truth { touched, untouched, unknown };
Truth truth_of(const Result& r) {
  if (r.info.touched == 0) return Truth::untouched;
  return std::find(r.truth.begin(), r.truth.end(), 1.0F) != r.truth.end() ? Truth::touched : Truth::unknown;
}

// Of how many that are touched the gate may deny one; of other scenes it denies up to twice as many. Guesses show things that are not
// there: with fewer denied it would hardly ever say no.
constexpr std::size_t kDeniedOfMarks = 40, kDeniedOfGuesses = 10;

// The logit of presence below which nothing touches: at most 1 in `denied` of the touched may be denied.
double gate_logit_of(const std::vector<const Result*>& touched, std::size_t denied) {
  std::vector<double> presence;
  for (const Result* r : touched) presence.push_back(r->presence);
  std::sort(presence.begin(), presence.end());
  return presence[presence.size() / denied] - 1e-6;
}

double as_gate(double gate_logit, const compact::WeightsInfo& info) {
  return std::clamp(sigmoid(gate_logit / info.presence_temperature + info.presence_bias), 1e-4, 1.0 - 1e-4);
}

bool says_contact(const Result& r, double gate_logit, double threshold_logit) {
  return r.presence >= gate_logit && *std::max_element(r.body.begin(), r.body.end()) >= threshold_logit;
}

// The category prior at its own best threshold, on the same prompts.
double prior_score(const std::vector<const Result*>& touched, const at::Tensor& prior) {
  std::vector<std::vector<float>> rows;
  std::vector<double> expected;
  for (std::int64_t c = 0; c < prior.size(0); ++c) {
    const at::Tensor row = prior.select(0, c).contiguous();
    rows.emplace_back(row.const_data_ptr<float>(), row.const_data_ptr<float>() + row.numel());
    expected.push_back(expected_f1(rows.back(), 1.0));
  }
  double f1 = 0;
  best_threshold(touched, 1.0, -1e9, [&](const Result& r) { return std::tie(rows[r.info.category], r.truth, expected[r.info.category]); }, f1);
  return f1;
}

}  // namespace

std::map<std::string, double> validate(const std::vector<compact::Network>& replicas, const DataSet& data,
                                       const evidence::BodySample& sample, const at::Tensor& prior, int slice,
                                       compact::WeightsInfo& info, const Progress& progress) {
  std::vector<Result> results = ask_all(replicas, data, slice, progress);
  std::vector<const Result*> touched, untouched;
  std::vector<std::pair<float, bool>> presence;
  std::vector<Judged> presence_judged, body_judged, object_judged;
  for (const Result& r : results) {
    if (truth_of(r) == Truth::unknown) continue;
    const bool any = truth_of(r) == Truth::touched;
    (any ? touched : untouched).push_back(&r);
    presence.emplace_back(r.presence, any);
    // Empty masks are denied whatever the network says.
    if (static_cast<synth::MaskState>(r.info.mask) != synth::MaskState::empty) presence_judged.push_back({r.presence, any});
    for (std::size_t i = 0; i < r.body.size(); i += 7) body_judged.push_back({r.body[i], r.truth[i] > 0});
    for (std::size_t i = 0; i < r.object.size(); i += 3) object_judged.push_back({r.object[i], r.object_truth[i] > 0});
  }
  std::map<std::string, double> scores;
  scores["prompts"] = static_cast<double>(results.size());
  if (touched.empty()) return scores;
  info.contact_temperature = best_temperature(body_judged);
  info.object_temperature = object_judged.empty() ? 1.0 : best_temperature(object_judged);
  expect(results, info);
  const Calibration presence_calibration = calibrate(presence_judged, compact::kUsuallyTouched);
  info.presence_temperature = presence_calibration.temperature;
  info.presence_bias = presence_calibration.bias;
  const double gate_logit = gate_logit_of(touched, kDeniedOfMarks);
  info.presence_gate = as_gate(gate_logit, info);

  double f1 = 0, object_f1 = 0;
  info.contact_threshold = best_threshold(touched, info.contact_temperature, gate_logit, [](const Result& r) { return std::tie(r.body, r.truth, r.body_f1); }, f1);
  info.object_threshold = best_threshold(touched, info.object_temperature, gate_logit, [](const Result& r) { return std::tie(r.object, r.object_truth, r.object_f1); }, object_f1);
  scores["human_f1"] = f1;
  scores["object_f1"] = object_f1;
  scores["presence_auc"] = area_under_curve(presence);

  const auto threshold = [&](const Result& r) { return threshold_logit(info.contact_threshold, r.body_f1, info.contact_temperature); };
  std::vector<bool> left(sample.parts.size()), right(sample.parts.size());
  for (std::size_t i = 0; i < sample.parts.size(); ++i) {
    const std::string& part = sample.part_names[sample.parts[i]];
    const bool hand = part.ends_with("hand") || part.ends_with("fingers");
    left[i] = hand && part.starts_with("left");
    right[i] = hand && part.starts_with("right");
  }
  std::map<std::string, std::pair<double, double>> by_mode;
  double sides = 0, one_hand = 0, missed = 0, precision = 0, recall = 0;
  for (const Result* r : touched) {
    const bool denied = r->presence < gate_logit;
    const Score s = denied ? Score() : score(r->body, r->truth, threshold(*r));
    precision += s.precision;
    recall += s.recall;
    missed += denied ? 1 : 0;
    const auto interaction = static_cast<synth::Interaction>(r->info.interaction);
    auto& mode = by_mode[std::string(synth::interaction_name(interaction))];
    mode.first += s.f1;
    mode.second += 1;
    if (interaction != synth::Interaction::hold_left && interaction != synth::Interaction::hold_right) continue;
    double on_left = 0, on_right = 0, truth_left = 0, truth_right = 0;
    for (std::size_t i = 0; i < r->body.size(); ++i) {
      const double p = sigmoid(r->body[i]);
      (left[i] ? on_left : on_right) += left[i] || right[i] ? p : 0.0;
      (left[i] ? truth_left : truth_right) += left[i] || right[i] ? r->truth[i] : 0.0;
    }
    if (truth_left == truth_right) continue;
    one_hand += 1;
    sides += (on_left > on_right) == (truth_left > truth_right) ? 1 : 0;
  }
  const double count = static_cast<double>(touched.size());
  scores["human_precision"] = precision / count;
  scores["human_recall"] = recall / count;
  scores["missed"] = missed / count;
  scores["left_right_accuracy"] = one_hand > 0 ? sides / one_hand : 0.5;
  for (const auto& [mode, sum] : by_mode) scores["f1_" + mode] = sum.first / sum.second;

  double says[3] = {}, of[3] = {};   // untouched at all; near misses and overlaps at another depth; empty masks
  for (const Result* r : untouched) {
    const bool yes = says_contact(*r, gate_logit, threshold(*r));
    const auto placement = static_cast<synth::Placement>(r->info.placement);
    const auto mask = static_cast<synth::MaskState>(r->info.mask);
    const bool usual = mask == synth::MaskState::good || mask == synth::MaskState::partial;
    const bool near = placement == synth::Placement::near_miss || placement == synth::Placement::in_front || placement == synth::Placement::behind;
    const bool counts[3] = {usual && placement != synth::Placement::touched, usual && near, mask == synth::MaskState::empty};
    for (int k = 0; k < 3; ++k) {
      of[k] += counts[k] ? 1 : 0;
      says[k] += counts[k] && yes ? 1 : 0;
    }
  }
  const char* names[3] = {"false_contact", "near_miss_false_contact", "empty_mask_false_contact"};
  for (int k = 0; k < 3; ++k) scores[names[k]] = of[k] > 0 ? says[k] / of[k] : 0.0;

  scores["prior_f1"] = prior_score(touched, prior);
  return scores;
}

std::map<std::string, double> validate_photographs(const std::vector<compact::Network>& replicas, const DataSet& data, const at::Tensor& prior,
                                                   int slice, compact::WeightsInfo& info, const Progress& progress) {
  std::vector<Result> results = ask_all(replicas, data, slice, progress);
  expect(results, info);
  std::vector<const Result*> touched, untouched;
  std::vector<std::pair<float, bool>> presence;
  for (const Result& r : results) {
    if (truth_of(r) == Truth::unknown) continue;
    const bool any = truth_of(r) == Truth::touched;
    (any ? touched : untouched).push_back(&r);
    presence.emplace_back(r.presence, any);
  }
  std::map<std::string, double> scores;
  scores["photo_prompts"] = static_cast<double>(results.size());
  if (touched.empty()) return scores;
  const double gate_logit = gate_logit_of(touched, kDeniedOfGuesses);
  double f1 = 0;
  info.guessed_gate = as_gate(gate_logit, info);
  info.guessed_threshold = best_threshold(touched, info.contact_temperature, gate_logit, [](const Result& r) { return std::tie(r.body, r.truth, r.body_f1); }, f1);
  const auto threshold = [&](const Result& r) { return threshold_logit(info.guessed_threshold, r.body_f1, info.contact_temperature); };
  const auto share = [&](const std::vector<const Result*>& of, bool said) {
    const auto count = std::count_if(of.begin(), of.end(), [&](const Result* r) { return says_contact(*r, gate_logit, threshold(*r)) == said; });
    return of.empty() ? 0.0 : static_cast<double>(count) / static_cast<double>(of.size());
  };
  scores["photo_f1"] = f1;
  scores["photo_prior_f1"] = prior_score(touched, prior);
  scores["photo_missed"] = share(touched, false);
  scores["photo_false_contact"] = share(untouched, true);
  scores["photo_presence_auc"] = area_under_curve(presence);
  return scores;
}

}  // namespace tactus::training
