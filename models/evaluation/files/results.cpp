#include "tactus/evaluation/results.h"

#include <algorithm>
#include <fstream>
#include <map>

#include "case_picture.h"
#include "html.h"
#include "photo_picture.h"
#include "tactus/error.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/io/staged_folder.h"
#include "tactus/render/cpu.h"

namespace tactus::evaluation {
namespace {

void write_text(const std::filesystem::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) throw cannot_run(file.string() + ": could not be written; is the disk full?");
}

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Names of the numbers in a column, one a line.
template <typename Names>
void add_names(io::NpzWriter& npz, const std::string& key, const Names& names) {
  std::vector<std::uint8_t> text;
  for (const auto& name : names) {
    text.insert(text.end(), name.begin(), name.end());
    text.push_back('\n');
  }
  npz.add(key, {text.size()}, std::span<const std::uint8_t>(text));
}

void write_npz(const std::filesystem::path& file, const Evaluation& e, const Progress& progress) {
  const std::size_t count = e.prompts.size();
  std::map<std::string, std::int32_t> categories;
  for (const auto& prompt : e.prompts) categories.emplace(prompt.category, 0);
  std::vector<std::string> category_names, interaction_names;
  for (auto& [name, id] : categories) {
    id = static_cast<std::int32_t>(category_names.size());
    category_names.push_back(name);
  }
  for (int i = 0; i < synth::kInteractionCount; ++i) interaction_names.emplace_back(synth::interaction_name(static_cast<synth::Interaction>(i)));
  io::NpzWriter npz(file);
  const auto integers = [&](const std::string& key, auto value) {
    std::vector<std::int32_t> column;
    for (const auto& prompt : e.prompts) column.push_back(static_cast<std::int32_t>(value(prompt)));
    npz.add(key, {count}, std::span<const std::int32_t>(column));
  };
  // NaN where there is nothing to score.
  const auto floats = [&](const std::string& key, auto value) {
    std::vector<float> column;
    for (const auto& prompt : e.prompts) {
      const std::optional<double> v = value(prompt);
      column.push_back(v ? static_cast<float>(*v) : std::numeric_limits<float>::quiet_NaN());
    }
    npz.add(key, {count}, std::span<const float>(column));
  };
  integers("scene", [](const auto& p) { return p.scene; });
  integers("object", [](const auto& p) { return p.object; });
  integers("category", [&](const auto& p) { return categories.at(p.category); });
  add_names(npz, "category_names", category_names);
  integers("interaction", [](const auto& p) { return p.interaction; });
  add_names(npz, "interaction_names", interaction_names);
  integers("placement", [](const auto& p) { return p.placement; });
  add_names(npz, "placement_names", std::vector<std::string>{"touched", "far", "beside", "in front", "behind", "near miss"});
  integers("mask", [](const auto& p) { return p.mask; });
  add_names(npz, "mask_names", std::vector<std::string>{"good", "partial", "empty", "wrong"});
  integers("touched", [](const auto& p) { return p.touched; });
  const std::array<std::string, kWhoCount> names = {"model", "prior", "heuristic"};
  const auto scored = [](const PromptResult& p, double v) { return p.scored ? std::optional<double>(v) : std::nullopt; };
  for (std::size_t who = 0; who < kWhoCount; ++who) {
    floats(names[who] + "_presence", [=](const auto& p) { return std::optional<double>(p.answers[who].presence); });
    integers(names[who] + "_said", [=](const auto& p) { return p.answers[who].said; });
    floats(names[who] + "_f1", [=](const auto& p) { return scored(p, p.answers[who].body.f1); });
    floats(names[who] + "_precision", [=](const auto& p) { return scored(p, p.answers[who].body.precision); });
    floats(names[who] + "_recall", [=](const auto& p) { return scored(p, p.answers[who].body.recall); });
    floats(names[who] + "_tolerant_f1", [=](const auto& p) { return scored(p, p.answers[who].tolerant_f1); });
    floats(names[who] + "_object_f1", [=](const auto& p) { return p.touched ? p.answers[who].object_f1 : std::nullopt; });
    floats(names[who] + "_swap_other", [=](const auto& p) { return p.answers[who].swap_other; });
  }
  floats("noise2_f1", [](const auto& p) { return p.doubled_f1; });
  floats("clean_f1", [](const auto& p) { return p.clean_f1; });
  floats("shuffled_f1", [](const auto& p) { return p.shuffled_f1; });
  if (e.photo_only) {
    std::vector<float> f1(count, std::numeric_limits<float>::quiet_NaN());
    std::vector<std::int32_t> from_photo(count, -1);   // -1: not asked
    for (const PhotoAnswer& answer : e.photo_only->answers) {
      f1.at(answer.prompt) = static_cast<float>(answer.f1);
      from_photo.at(answer.prompt) = answer.joints_found && answer.object_found ? 1 : 0;
    }
    npz.add("photo_only_f1", {count}, std::span<const float>(f1));
    npz.add("answered_from_photo", {count}, std::span<const std::int32_t>(from_photo));
  }
  npz.finish(progress);
}

struct Chosen {
  std::string title;
  const PromptResult* prompt;
};

std::vector<Chosen> chosen_cases(const Evaluation& e, const ResultOptions& options) {
  std::vector<const PromptResult*> ranked, wrong;
  for (const auto& prompt : e.prompts) {
    if (prompt.scored) ranked.push_back(&prompt);
    if (!prompt.touched && prompt.answers[model].said) wrong.push_back(&prompt);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto* a, const auto* b) { return a->answers[model].body.f1 < b->answers[model].body.f1; });
  std::stable_sort(wrong.begin(), wrong.end(), [](const auto* a, const auto* b) { return a->answers[model].presence > b->answers[model].presence; });
  std::vector<Chosen> chosen;
  const auto take = [&](const char* title, const std::vector<const PromptResult*>& from, std::size_t first, int count) {
    for (std::size_t i = first; i < std::min(from.size(), first + static_cast<std::size_t>(count)); ++i) chosen.push_back({title, from[i]});
  };
  const auto tail = [&](int count) { return ranked.size() - std::min(ranked.size(), static_cast<std::size_t>(count)); };
  take("Worst:", ranked, 0, options.worst);
  take("Median:", ranked, ranked.size() / 2, options.median);
  take("Best:", ranked, tail(options.best), options.best);
  take("Contact that is not there:", wrong, 0, options.false_contacts);
  return chosen;
}

std::string caption_of(const PromptResult& prompt) {
  char text[200];
  const auto& answer = prompt.answers[model];
  const std::array<const char*, 6> places = {"touched", "far", "beside", "in front", "behind", "near miss"};
  const std::array<const char*, 4> masks = {"good", "partial", "empty", "wrong"};
  std::snprintf(text, sizeof text, "%s, %s; F1 %.2f (P %.2f, R %.2f), presence %.2f, mask %s, scene %llu", prompt.category.c_str(),
                prompt.touched ? std::string(synth::interaction_name(prompt.interaction)).c_str() : places[static_cast<std::size_t>(prompt.placement)],
                answer.body.f1, answer.body.precision, answer.body.recall, answer.presence, masks[static_cast<std::size_t>(prompt.mask)],
                static_cast<unsigned long long>(prompt.scene));
  return text;
}

// Best, median and worst.
std::vector<std::pair<std::string, const PhotoAnswer*>> chosen_photographs(const Evaluation& e) {
  if (!e.photo_only || e.photo_only->answers.empty()) return {};
  std::vector<const PhotoAnswer*> ranked;
  for (const PhotoAnswer& answer : e.photo_only->answers) ranked.push_back(&answer);
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto* a, const auto* b) { return a->f1 > b->f1; });
  std::vector<std::pair<std::string, const PhotoAnswer*>> chosen = {{"Best:", ranked.front()}};
  if (ranked.size() > 2) chosen.emplace_back("Median:", ranked[ranked.size() / 2]);
  if (ranked.size() > 1) chosen.emplace_back("Worst:", ranked.back());
  return chosen;
}

std::string caption_of(const PromptResult& prompt, const PhotoAnswer& answer) {
  char text[200];
  const char* who = answer.joints_found ? answer.object_found ? answer.denied ? "; answered that nothing touches" : "" : "; no object found, the prior answered"
                                        : answer.object_found ? "; no joints found, the prior answered" : "; nothing found, the prior answered";
  std::snprintf(text, sizeof text, "%s, %s; F1 %.2f (prior %.2f, simulated marks %.2f)%s; scene %llu", prompt.category.c_str(),
                std::string(synth::interaction_name(prompt.interaction)).c_str(), answer.f1, answer.prior_f1, answer.marked_f1, who,
                static_cast<unsigned long long>(prompt.scene));
  return text;
}

}  // namespace

void write_results(const std::filesystem::path& folder, const SplitEvaluation& evaluated, const ResultOptions& options, const Progress& progress) {
  io::StagedFolder staged(folder);
  write_text(staged.path() / "evaluation.json", to_json(evaluated.evaluation, evaluated.seed) + "\n");
  write_npz(staged.path() / "prompts.npz", evaluated.evaluation, progress);
  std::vector<ReportCase> cases, photographs;
  if (evaluated.source) {
    std::filesystem::create_directories(staged.path() / "pictures");
    const auto renderer = render::make_cpu_view_renderer();
    const auto chosen = chosen_cases(evaluated.evaluation, options);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      progress.check();
      progress.report(static_cast<double>(i) / static_cast<double>(chosen.size()), "pictures");
      char name[32];
      std::snprintf(name, sizeof name, "case_%02zu.png", i + 1);
      const auto file = staged.path() / "pictures" / name;
      io::write_picture(file, case_picture(evaluated, *chosen[i].prompt, *renderer));
      cases.push_back({chosen[i].title, caption_of(*chosen[i].prompt), bytes_of(file)});
    }
    const Progress quiet({}, progress.stop_token());
    for (const auto& [title, answer] : chosen_photographs(evaluated.evaluation)) {
      char name[32];
      std::snprintf(name, sizeof name, "photograph_%02zu.png", photographs.size() + 1);
      const auto file = staged.path() / "pictures" / name;
      io::write_picture(file, photo_picture(evaluated, *answer, *renderer, quiet));
      photographs.push_back({title, caption_of(evaluated.evaluation.prompts.at(answer->prompt), *answer), bytes_of(file)});
    }
  }
  write_text(staged.path() / "report.html", report_html(evaluated, cases, photographs));
  progress.check();
  staged.commit();
  progress.report(1.0);
}

}  // namespace tactus::evaluation
