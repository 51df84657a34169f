#include "interactvlm_cases.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tactus/checkpoint/tensor_source.h"

namespace tactus::interactvlm::parity {

namespace {

std::vector<Case> read_cases() {
  std::vector<Case> found;
  for (const auto& entry : std::filesystem::directory_iterator(TACTUS_TINY_MODELS)) {
    std::ifstream file(entry.path() / "cases.json");
    if (!file) continue;
    for (const auto& record : nlohmann::json::parse(file)) {
      Case c;
      c.variant = entry.path().filename().string();
      c.name = record.at("case");
      c.task = record.at("task");
      c.object = record.at("name");
      c.precision = record.value("precision", "fp32");
      c.prompt = record.at("prompt");
      c.text = record.at("text");
      c.answer = record.at("answer");
      c.photo = record.at("photo");
      c.pictures = record.at("pictures").get<std::vector<std::string>>();
      c.data = record.value("data", "data");
      c.strides = record.at("strides").get<std::map<std::string, int>>();
      found.push_back(std::move(c));
    }
  }
  std::sort(found.begin(), found.end(), [](const Case& a, const Case& b) {
    return std::tie(a.variant, a.name) < std::tie(b.variant, b.name);
  });
  return found;
}

}  // namespace

std::filesystem::path Case::folder() const { return std::filesystem::path(TACTUS_TINY_MODELS) / variant; }

std::filesystem::path common() { return std::filesystem::path(TACTUS_TINY_MODELS) / "common"; }

const std::vector<Case>& cases() {
  static const std::vector<Case> all = read_cases();
  return all;
}

std::map<std::string, at::Tensor> expected(const Case& c) {
  const auto source = checkpoint::open_tensors(c.folder() / (c.name + ".safetensors"));
  std::map<std::string, at::Tensor> stages;
  for (const auto& info : source->tensors()) stages[info.name] = source->read(info.name).clone();
  return stages;
}

ImageU8 picture(const std::string& path) {
  static const auto source = checkpoint::open_tensors(common() / "pictures.safetensors");
  const at::Tensor stored = source->read(path).contiguous();
  ImageU8 image(static_cast<int>(stored.size(1)), static_cast<int>(stored.size(0)), 3);
  std::copy_n(stored.const_data_ptr<std::uint8_t>(), image.data.size(), image.data.begin());
  return image;
}

std::shared_ptr<Model> model_of(const Case& c) {
  static std::map<std::string, std::shared_ptr<Model>> open;
  auto& model = open[c.variant + c.precision];
  if (!model) {
    OpenOptions options;
    options.folder = c.folder() / "model";
    options.clip_folder = c.folder() / "clip";
    options.precision = c.precision;
    options.device = "cpu";
    model = Model::open(options, {});
  }
  return model;
}

Answer ask(const Case& c) {
  const ImageU8 photo = picture(c.photo);
  std::vector<ImageU8> seen;
  for (const auto& path : c.pictures) seen.push_back(picture(path));
  std::vector<const ImageU8*> pictures;
  for (const auto& image : seen) pictures.push_back(&image);
  Query query{.photo = photo, .prompt = c.prompt, .pictures = pictures, .keep_stages = true};
  query.task = task_of(c.task).value();
  return model_of(c)->ask(query, {});
}

at::Tensor tensor_of(const Array& array) {
  const std::vector<std::int64_t> shape(array.shape.begin(), array.shape.end());
  const auto copy = [&](const auto& values, at::ScalarType dtype) {
    using Value = std::remove_cvref_t<decltype(values[0])>;
    return at::from_blob(const_cast<Value*>(values.data()), shape, dtype).clone();
  };
  return array.integers.empty() ? copy(array.values, at::kFloat) : copy(array.integers, at::kLong);
}

at::Tensor thinned(const Case& c, const std::string& stage, const at::Tensor& tensor) {
  const auto found = c.strides.find(stage);
  if (found == c.strides.end()) return tensor;
  using at::indexing::Slice;
  const Slice every(at::indexing::None, at::indexing::None, found->second);
  return tensor.index({at::indexing::Ellipsis, every, every});
}

std::string difference(const at::Tensor& found, const at::Tensor& wanted, const std::string& precision) {
  std::ostringstream text;
  if (found.sizes() != wanted.sizes()) {
    text << "has the shape " << found.sizes() << " instead of " << wanted.sizes();
    return text.str();
  }
  if (wanted.numel() == 0) return {};
  if (!wanted.is_floating_point()) {
    if (!at::equal(found, wanted)) text << "is\n" << found << "\ninstead of\n" << wanted;
    return text.str();
  }
  const at::Tensor a = found.to(at::kDouble).flatten(), b = wanted.to(at::kDouble).flatten();
  const bool exact = precision == "fp32";
  const at::Tensor allowed = exact ? 1e-4 + 1e-4 * b.abs() : at::full_like(b, 2e-2 * b.abs().max().item<double>());
  const at::Tensor off = (a - b).abs();
  // Not "greater": a NaN must fail too.
  const bool near = (off <= allowed).all().item<bool>();
  const double cosine = (a.dot(b) / (a.norm() * b.norm()).clamp_min(1e-30)).item<double>();
  if (near && (exact || cosine > 0.999)) return {};
  const auto worst = (off - allowed).argmax().item<std::int64_t>();
  text << "differs by up to " << off.max().item<double>() << " (allowed at the worst place " << worst << ": "
       << allowed[worst].item<double>() << "), found " << a[worst].item<double>() << " instead of "
       << b[worst].item<double>() << "; cosine " << cosine << ", "
       << (off <= allowed).logical_not().sum().item<std::int64_t>() << " of " << b.numel() << " values";
  return text.str();
}

std::string rounding_difference(const at::Tensor& found, const at::Tensor& wanted, const at::Tensor& exact) {
  std::ostringstream text;
  if (found.sizes() != wanted.sizes()) {
    text << "has the shape " << found.sizes() << " instead of " << wanted.sizes();
    return text.str();
  }
  const auto away = [&](const at::Tensor& t) {
    return (t.to(at::kDouble) - exact.to(at::kDouble)).pow(2).mean().sqrt().item<double>();
  };
  const double ours = away(found), theirs = away(wanted);
  if (ours <= 1.5 * theirs) return {};
  text << "is " << ours << " away from the exact answer, the reference's bf16 run " << theirs;
  return text.str();
}

Case exact_case(const Case& c) {
  Case exact = c;
  exact.name = c.name.substr(0, c.name.rfind("_bf16"));
  exact.precision = "fp32";
  return exact;
}

}  // namespace tactus::interactvlm::parity
