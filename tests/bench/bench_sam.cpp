// Seconds a view and peak memory of Segment Anything's image encoder, random weights of the published shapes:
//   bench_sam [vit_b|vit_l|vit_h]… [--precision fp32|bf16] [--views N]
// Without names ViT-B and ViT-H, without a precision both. With a GPU on that too.
#include <ATen/Context.h>
#include <ATen/ops/randn.h>
#include <c10/core/DefaultDtype.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/ScalarTypeToTypeMeta.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tactus/sam/sam.h"

namespace {

using namespace tactus;

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The kernel's high-water mark of resident memory, started anew by reset_peak.
void reset_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }
double peak_gib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") {
      double kib = 0.0;
      status >> kib;
      return kib / (1 << 20);
    }
  }
  return 0.0;
}

void measure(const std::string& name, const sam::ImageEncoderOptions& options, at::ScalarType dtype,
             at::Device device, int views) {
  const c10::InferenceMode inference;
  reset_peak();
  const auto usual = c10::get_default_dtype();
  c10::set_default_dtype(c10::scalarTypeToTypeMeta(dtype));   // never twice the weights
  sam::ImageEncoder encoder(options);
  c10::set_default_dtype(usual);
  double parameters = 0.0;
  for (at::Tensor& parameter : encoder->parameters()) {
    parameter.normal_(0.0, 0.02);
    parameters += static_cast<double>(parameter.numel());
  }
  encoder->to(device, dtype);
  const at::Tensor pixels = at::randn({1, 3, options.image_size, options.image_size}).to(device, dtype);
  double sum = 0.0;
  const auto view = [&] { sum += encoder(pixels).sum().item<double>(); };   // the sum waits for the device
  const double first = seconds(view);
  double rest = 0.0;
  for (int i = 1; i < views; ++i) rest += seconds(view);
  std::printf("%-6s %-5s %-4s %6.0f M parameters  first view %7.2f s", name.c_str(),
              dtype == at::kFloat ? "fp32" : "bf16", device.is_cpu() ? "CPU" : "GPU", parameters / 1e6, first);
  if (views > 1) std::printf("  others %7.3f s", rest / (views - 1));
  std::printf("  peak memory %.2f GiB\n", peak_gib());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, sam::ImageEncoderOptions> known = {
      {"vit_b", sam::vit_b()}, {"vit_l", sam::vit_l()}, {"vit_h", sam::vit_h()}};
  const std::map<std::string, at::ScalarType> dtypes = {{"fp32", at::kFloat}, {"bf16", at::kBFloat16}};
  std::vector<std::string> names, precisions;
  int views = 2;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i], next = i + 1 < argc ? argv[i + 1] : "";
    if (known.contains(word)) {
      names.push_back(word);
    } else if (word == "--precision" && dtypes.contains(next)) {
      precisions.push_back(next);
      ++i;
    } else if (word == "--views" && std::atoi(next.c_str()) > 0) {
      views = std::atoi(next.c_str());
      ++i;
    } else {
      std::fprintf(stderr, "bench_sam [vit_b|vit_l|vit_h]… [--precision fp32|bf16] [--views N]\n");
      return 2;
    }
  }
  if (names.empty()) names = {"vit_b", "vit_h"};
  if (precisions.empty()) precisions = {"fp32", "bf16"};
  std::vector<at::Device> devices = {at::kCPU};
  if (at::globalContext().hasCUDA()) {
    devices.emplace_back(at::kCUDA);
  } else {
    std::puts("no GPU: measured on the CPU alone");
  }
  std::printf("%d threads\n", at::get_num_threads());
  for (const std::string& name : names) {
    for (const std::string& precision : precisions) {
      for (const at::Device device : devices) measure(name, known.at(name), dtypes.at(precision), device, views);
    }
  }
}
