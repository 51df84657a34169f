// The report as one page without anything beside it.
#pragma once

#include <string>
#include <vector>

#include "tactus/evaluation/split.h"

namespace tactus::evaluation {

struct ReportCase {
  std::string title, caption;
  std::vector<std::uint8_t> png;
};

// `photographs`: of the prompts answered from the photograph alone.
std::string report_html(const SplitEvaluation& evaluated, const std::vector<ReportCase>& cases, const std::vector<ReportCase>& photographs);
std::string base64(const std::vector<std::uint8_t>& bytes);

}  // namespace tactus::evaluation
