// A split with few bodies and things.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tactus/evaluation/split.h"
#include "tactus/io/body_files.h"

namespace tactus::evaluation {

inline SplitOptions tiny() {
  static const auto body =
      std::make_shared<const body::BodyModel>(io::read_body_model(std::filesystem::path(TACTUS_BINARY_DIR) / "share/tactus/body.tbm"));
  SplitOptions options;
  options.body = body;
  options.prior_scenes = 12;
  options.evaluation.prompts = 16;
  options.evaluation.validation_prompts = 8;
  options.pools.bodies = options.pools.validation_bodies = options.pools.test_bodies = 2;
  options.pools.instances = options.pools.validation_instances = options.pools.test_instances = 1;
  return options;
}

inline std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace tactus::evaluation
