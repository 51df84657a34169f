// The cases of make_interactvlm.py: what to ask the tiny folders and what the reference answered.
#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tactus/image.h"
#include "tactus/interactvlm/model.h"

namespace tactus::interactvlm::parity {

struct Case {
  std::string variant, name;                    // "gen", "hcontact_bf16"
  std::string task, object, precision = "fp32";
  std::string prompt, text, answer;             // whole conversation; the reference's decoded text, whole and new
  std::string photo;                            // paths inside common/
  std::vector<std::string> pictures;
  std::string data;                             // "data", "data_small": common/ folder of the body
  std::map<std::string, int> strides;           // stages of which every s-th row and column was kept

  std::filesystem::path folder() const;         // VARIANT/
};
// For the test program's messages, and a test's name.
inline void PrintTo(const Case& c, std::ostream* out) { *out << c.variant << '/' << c.name; }
inline std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.variant + "_" + info.param.name;
  for (char& letter : name)
    if (letter == '-') letter = '_';
  return name;
}

std::filesystem::path common();
// Of all variants. Names go into test names.
const std::vector<Case>& cases();
// The reference's stages.
std::map<std::string, at::Tensor> expected(const Case& c);
// A picture of common/pictures.safetensors: decoded by the reference, so that no reader of pictures is needed.
ImageU8 picture(const std::string& path);
// Open folders are kept.
std::shared_ptr<Model> model_of(const Case& c);
Answer ask(const Case& c);

at::Tensor tensor_of(const Array& array);
// Thinned as the expected one was.
at::Tensor thinned(const Case& c, const std::string& stage, const at::Tensor& tensor);
// Empty when equal within METHOD.md §10; else a sentence with the greatest difference and where it is.
std::string difference(const at::Tensor& found, const at::Tensor& wanted, const std::string& precision);
// For the masks of a bf16 run, where rounding of every layer before has added up: two right answers differ by several
// per cent, so they are held against the exact one. Empty when `found` is as near to `exact` (root mean square) as
// the reference's own bf16 run is; half more is allowed, because all masks of a case come from one embedding, so that
// each of the two distances is a single draw.
std::string rounding_difference(const at::Tensor& found, const at::Tensor& wanted, const at::Tensor& exact);
// The same question in fp32.
Case exact_case(const Case& c);

}  // namespace tactus::interactvlm::parity
