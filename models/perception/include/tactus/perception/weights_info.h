// What a file of perception weights says about itself. No torch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tactus::perception {

struct NetworkOptions {
  std::int64_t image = 128;            // pixels a side of what it looks at; the answers are maps of half that
  std::int64_t width_2 = 32, width_4 = 48, width_8 = 96, width_16 = 160;   // channels at 1/2, 1/4, 1/8 and 1/16 of the image
  std::int64_t blocks_4 = 2, blocks_8 = 2, blocks_16 = 1;                  // residual blocks on the way down
  std::int64_t attention_layers = 2, heads = 4;
  std::int64_t category_width = 32;
  std::int64_t categories = 40;        // rows of the embedding; 0: no category asked for
  std::int64_t parts = 15, joints = 23;
  std::int64_t things = 0;             // 1: names the thing at every place of the smallest map, whatever is asked for
  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

struct WeightsInfo {
  NetworkOptions options;
  std::vector<std::string> parts;        // class 0 is the background
  std::vector<std::string> joints;
  std::vector<std::string> categories;   // row i + 1 of the embedding
  // A thing that no place of the picture is named with this probability is not there, whatever its mask says; 0: not judged. Chosen on
  // the validation pictures.
  double thing_threshold = 0.0;
  std::string provenance = "{}";         // a JSON object: configuration, seed, pictures, steps, hours, scores
};

// Error{bad_input}: not a safetensors file of a perception network; an unknown key; a value that is missing, of another kind or
// impossible; parts or joints that are not this program's.
WeightsInfo read_weights_info(const std::filesystem::path& file);
// The same as a file's metadata.
std::map<std::string, std::string> to_metadata(const WeightsInfo& info);

}  // namespace tactus::perception
