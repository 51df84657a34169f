#include "html.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace tactus::evaluation {
namespace {

std::string number(double value, int digits = 3) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '&') result += "&amp;";
    else if (c == '"') result += "&quot;";
    else result += c;
  }
  return result;
}

std::string rect(double x, double y, double width, double height, const char* style, const std::string& tip) {
  return "<rect class='" + std::string(style) + "' x='" + number(x, 1) + "' y='" + number(y, 1) + "' width='" + number(width, 1) + "' height='" +
         number(height, 1) + "'><title>" + escaped(tip) + "</title></rect>";
}

std::string label(double x, double y, const std::string& words, const char* anchor = "middle") {
  return "<text x='" + number(x, 1) + "' y='" + number(y, 1) + "' text-anchor='" + anchor + "'>" + escaped(words) + "</text>";
}

constexpr double kLeft = 40, kTop = 10, kPlot = 240;   // of a square plot, pixels

std::string frame(const std::string& inside, const std::string& x_words, const std::string& y_words) {
  std::string svg = "<svg viewBox='0 0 300 300' role='img'>" + rect(kLeft, kTop, kPlot, kPlot, "plot", "");
  for (const double tick : {0.0, 0.5, 1.0}) svg += label(kLeft + tick * kPlot, kTop + kPlot + 14, number(tick, 1));
  return svg + inside + label(kLeft + kPlot / 2, kTop + kPlot + 32, x_words) + "<text transform='translate(12 " + number(kTop + kPlot / 2, 1) +
         ") rotate(-90)' text-anchor='middle'>" + escaped(y_words) + "</text></svg>";
}

std::string reliability_svg(const Evaluation& e) {
  std::string inside = "<line class='ideal' x1='40' y1='250' x2='280' y2='10'/>";
  std::string points;
  std::int64_t all = 1;
  for (const auto& bin : e.reliability) all = std::max(all, bin.count);
  for (const auto& bin : e.reliability) {
    if (bin.count == 0) continue;
    const double x = kLeft + bin.confidence * kPlot, y = kTop + (1 - bin.frequency) * kPlot;
    points += number(x, 1) + "," + number(y, 1) + " ";
    const double share = static_cast<double>(bin.count) / static_cast<double>(all) * 40;
    inside += rect(kLeft + bin.lower * kPlot, kTop + kPlot - share, (bin.upper - bin.lower) * kPlot - 1, share, "count",
                   std::to_string(bin.count) + " prompts said " + number(bin.confidence) + ", true " + number(bin.frequency));
    inside += "<circle cx='" + number(x, 1) + "' cy='" + number(y, 1) + "' r='3.5'/>";
  }
  inside += "<polyline points='" + points + "'/>";
  for (const double tick : {0.0, 0.5, 1.0}) inside += label(kLeft - 4, kTop + (1 - tick) * kPlot + 4, number(tick, 1), "end");
  return frame(inside, "probability said that anything touches", "part that was true");
}

std::string histogram_svg(const Evaluation& e) {
  constexpr int kBins = 20;
  std::array<int, kBins> counts{};
  for (const auto& prompt : e.prompts)
    if (prompt.scored) ++counts[static_cast<std::size_t>(std::min(kBins - 1, static_cast<int>(prompt.answers[model].body.f1 * kBins)))];
  const int most = std::max(1, *std::max_element(counts.begin(), counts.end()));
  std::string inside;
  for (int b = 0; b < kBins; ++b) {
    const double height = kPlot * counts[static_cast<std::size_t>(b)] / most, width = kPlot / kBins;
    inside += rect(kLeft + b * width, kTop + kPlot - height, width - 1, height, "bar",
                   "F1 " + number(static_cast<double>(b) / kBins, 2) + "–" + number(static_cast<double>(b + 1) / kBins, 2) + ": " +
                       std::to_string(counts[static_cast<std::size_t>(b)]) + " prompts");
  }
  inside += label(kLeft - 4, kTop + 10, std::to_string(most), "end");
  return frame(inside, "F1 of a prompt", "prompts");
}

std::string modes_svg(const Evaluation& e) {
  const auto& modes = e.rows[model].mode_f1;
  std::string inside;
  double y = 8;
  for (const auto& [mode, f1] : modes) {
    const auto prior_f1 = e.rows[prior].mode_f1.find(mode);
    inside += label(118, y + 12, mode, "end") + rect(124, y, 300 * f1, 15, "bar", mode + ": " + number(f1)) +
              label(130 + 300 * f1, y + 12, number(f1, 2) + " (" + std::to_string(e.mode_count.at(mode)) + ")", "start");
    if (prior_f1 != e.rows[prior].mode_f1.end()) inside += rect(124 + 300 * prior_f1->second - 1, y - 1, 2, 17, "mark", "prior: " + number(prior_f1->second));
    y += 22;
  }
  return "<svg viewBox='0 0 520 " + number(y + 4, 0) + "' role='img' class='wide'>" + inside + "</svg>";
}

std::string rows_table(const Evaluation& e) {
  struct Column {
    const char* words;
    double Row::*value;
  };
  const std::array<Column, 17> columns = {{{"F1", &Row::f1}, {"P", &Row::precision}, {"R", &Row::recall}, {"F1 within 4 cm", &Row::tolerant_f1},
                                           {"object F1", &Row::object_f1}, {"left or right", &Row::left_right}, {"one hand F1", &Row::one_hand_f1},
                                           {"swap: own", &Row::swap_own}, {"other", &Row::swap_other}, {"follows", &Row::swap_follow},
                                           {"false contact: untouched", &Row::false_contact}, {"near miss", &Row::near_miss_false_contact},
                                           {"empty mask", &Row::empty_mask_false_contact}, {"wrong mask", &Row::wrong_mask_false_contact},
                                           {"missed", &Row::missed}, {"presence AUC", &Row::presence_auc}, {"ECE", &Row::ece}}};
  std::string html = "<div class='scroll'><table><tr><th></th>";
  for (const auto& column : columns) html += "<th>" + std::string(column.words) + "</th>";
  html += "<th>thresholds (body, object: of the F1 to be expected; gate)</th></tr>";
  for (const auto& row : e.rows) {
    html += "<tr><th>" + escaped(row.name) + "</th>";
    for (const auto& column : columns) html += "<td>" + number(row.*column.value) + "</td>";
    html += "<td>" + number(row.policy.body, 2) + ", " + number(row.policy.object, 2) + ", " + number(row.policy.presence, 2) + "</td></tr>";
  }
  return html + "</table></div>";
}

std::string figure(const ReportCase& one) {
  return "<figure><img alt='' src='data:image/png;base64," + base64(one.png) + "'><figcaption><b>" + escaped(one.title) + "</b> " + escaped(one.caption) +
         "</figcaption></figure>";
}

// Empty without a perception.
std::string photographs_section(const Evaluation& e, const std::vector<ReportCase>& photographs) {
  std::string html;
  if (!e.perception.empty()) {
    html += "<h2>What is found in photographs</h2><p>On made photographs of this split. IoU of parts with left and right told apart; errors of joints "
            "over the larger side of the person.</p><table><tr><th>score</th><th>value</th></tr>";
    for (const auto& [name, value] : e.perception) html += "<tr><td>" + escaped(name) + "</td><td>" + number(value) + "</td></tr>";
    html += "</table>";
  }
  if (!e.photo_only) return html;
  const PhotoOnly& p = *e.photo_only;
  html += "<h2>Contact from the photograph alone</h2><p>" + std::to_string(p.answers.size()) +
          " prompts about touched objects with nothing but a made photograph: joints and masks are found in it, the body is fitted to them, the "
          "model answers. Where no joints or no object are found the category prior answers.</p><table><tr><th>what</th><th>value</th></tr>";
  const std::vector<std::pair<std::string, double>> lines = {{"F1 from the photograph alone", p.f1},
                                                             {"F1 of the category prior on the same prompts", p.prior_f1},
                                                             {"F1 with simulated marks on the same prompts", p.marked_f1},
                                                             {"answered from the photograph", p.answered_from_photo},
                                                             {"joints found", p.joints_found},
                                                             {"object found", p.object_found},
                                                             {"answered that nothing touches", p.denied},
                                                             {"contact found on untouched things (" + std::to_string(p.untouched.size()) + ")", p.false_contact}};
  for (const auto& [words, value] : lines) html += "<tr><td>" + words + "</td><td>" + number(value) + "</td></tr>";
  html += "</table>";
  if (!photographs.empty())
    html += "<p>Above: the photograph with what was found in it (person blue, object orange, joints green on the person's left, red on the right). "
            "Below: the true body with the contact that was said, and with the true one.</p><div class='photographs'>";
  for (const auto& one : photographs) html += figure(one);
  return html + (photographs.empty() ? "" : "</div>");
}

}  // namespace

std::string base64(const std::vector<std::uint8_t>& bytes) {
  static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = std::min<std::size_t>(3, bytes.size() - i);
    const unsigned word = bytes[i] << 16U | (left > 1 ? bytes[i + 1] << 8U : 0U) | (left > 2 ? bytes[i + 2] : 0U);
    for (std::size_t k = 0; k < 4; ++k) text += k <= left ? digits[word >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

std::string report_html(const SplitEvaluation& evaluated, const std::vector<ReportCase>& cases, const std::vector<ReportCase>& photographs) {
  const Evaluation& e = evaluated.evaluation;
  const auto list = targets(e);
  const auto met = std::count_if(list.begin(), list.end(), [](const Target& t) { return t.met(); });
  std::string html = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Evaluation of contact</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; background: #fff; max-width: 1000px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } th, td { padding: .25rem .6rem; border-bottom: 1px solid #dde2e8; text-align: right }
th:first-child, td:first-child { text-align: left } .scroll { overflow-x: auto } .no { color: #b3261e; font-weight: 600 } .yes { color: #1a6b3c }
.plots { display: flex; flex-wrap: wrap; gap: 2rem } figure { margin: 1rem 0 } svg { width: 300px } svg.wide { width: 520px; max-width: 100% }
svg text { font-size: 11px; fill: #44505e } .plot { fill: none; stroke: #c5ccd5 } .bar { fill: #3a6ea5 } .count { fill: #d5dce5 } .mark { fill: #d9822b }
.ideal { stroke: #aab4c0; stroke-dasharray: 4 4 } polyline { fill: none; stroke: #b3261e; stroke-width: 1.5 } circle { fill: #b3261e }
img { max-width: 100%; border: 1px solid #dde2e8 } figcaption { color: #44505e; font-size: 14px }
.photographs { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 1rem } .photographs figure { margin: 0 }
</style></head><body>
)";
  html += "<h1>" + escaped(e.rows[model].name) + ": contact on made scenes</h1><p>" + std::to_string(e.prompts.size()) + " prompts in " +
          std::to_string(e.scenes) + " scenes (seed " + std::to_string(evaluated.seed) + "): " + std::to_string(e.scored) + " about touched objects, " +
          std::to_string(e.untouched) + " about untouched ones, " + std::to_string(e.near_misses) + " of those near misses or overlaps at another depth; " +
          std::to_string(e.unusable_masks) +
          " touched ones whose mask is empty or of another thing. Scores are means over the touched prompts, on an evenly spread sample of "
          "the body's surface that is denser on the hands. Bodies and objects were not trained on.</p>";
  html += "<h2>Required and reached: " + std::to_string(met) + " of " + std::to_string(list.size()) + "</h2><table><tr><th>what</th><th>required</th><th>reached</th><th></th></tr>";
  for (const auto& target : list)
    html += "<tr><td>" + escaped(target.words) + "</td><td>" + (target.at_most ? "at most " : "at least ") + number(target.bound, 2) + "</td><td>" +
            number(target.reached) + "</td>" + (target.met() ? "<td class='yes'>reached</td></tr>" : "<td class='no'>not reached</td></tr>");
  html += "</table><h2>Beside its controls</h2>" + rows_table(e);
  html += "<p>With marks shuffled within the category " + number(e.shuffled_f1) + ", noise of the marks doubled " + number(e.doubled_f1) + ", clean marks " +
          number(e.clean_f1) + ". Object: SIM " + number(e.affordance.sim) + ", MAE " + number(e.affordance.mae) + ", AUC " + number(e.affordance.auc) +
          ", aIoU " + number(e.affordance.aiou) + ".</p>";
  html += "<h2>By interaction</h2><p>Bars: F1 and the number of prompts; the orange line: the category prior.</p>" + modes_svg(e);
  html += "<div class='plots'><figure><h2>Calibration of \"does anything touch\"</h2>" + reliability_svg(e) + "</figure><figure><h2>F1 of the prompts</h2>" +
          histogram_svg(e) + "</figure></div>";
  if (!cases.empty())
    html += "<h2>Cases</h2><p>Above: the marks (person grey, object orange, points of the fitted body, red where contact was said), the body with "
            "the predicted contact in red, and with the true one. Below: the true scene with the predicted contact, and both bodies from behind "
            "and below.</p>";
  for (const auto& one : cases) html += figure(one);
  html += photographs_section(e, photographs);
  if (evaluated.provenance != "{}") html += "<h2>The weights</h2><pre>" + escaped(evaluated.provenance) + "</pre>";
  return html + "</body></html>\n";
}

}  // namespace tactus::evaluation
