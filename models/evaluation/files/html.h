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

std::string report_html(const SplitEvaluation& evaluated, const std::vector<ReportCase>& cases);
std::string base64(const std::vector<std::uint8_t>& bytes);

}  // namespace tactus::evaluation
