// Options as project files and reports hold them.
#pragma once

#include <nlohmann/json.hpp>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

// Every field but `until`, grouped by stage.
nlohmann::ordered_json options_json(const pipeline::Options& options);

// What is missing keeps its default, so that older files open. Throws nlohmann::json::exception on a field of the
// wrong type, Error{bad_input} naming `what` on a value out of range.
pipeline::Options options_of(const nlohmann::json& json, const std::string& what);

}  // namespace tactus::io
