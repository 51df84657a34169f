// The decoder at the published 13B sizes with random weights: seconds to load, peak memory, prefill, time a token
// and its share of this machine's memory bandwidth, measured in the same run.
//   bench_llama [--layers N] [--precision int4|int8|bf16] [--prompt N] [--tokens N]
// Fewer layers run small; the last line then extends to 40.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tactus/checkpoint/load_module.h"
#include "tactus/layers/linear.h"
#include "tactus/llama/decoder.h"

namespace {

using namespace tactus;
using checkpoint::Precision;

constexpr std::int64_t kPublishedLayers = 40;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double peak_gigabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0 / 1e9;
}

// Every tensor that `module` asks for, of the wanted form, made when it is read: the model never exists as floats.
class RandomSource : public checkpoint::TensorSource {
 public:
  RandomSource(const torch::nn::Module& module, const std::string& prefix, Precision precision)
      : precision_(precision), noise_(1 << 22) {
    std::mt19937 generator(1);
    std::generate(noise_.begin(), noise_.end(), [&] { return static_cast<std::uint8_t>(generator()); });
    std::map<std::string, checkpoint::TensorInfo> all;
    const auto add = [&](const std::string& name, at::ScalarType dtype, std::vector<std::int64_t> shape) {
      all[name] = {name, dtype, std::move(shape), "random"};
    };
    for (const auto& item : module.named_parameters()) {
      add(prefix + item.key(), at::kBFloat16, item.value().sizes().vec());
    }
    for (const auto& item : module.named_modules("", /*include_self=*/true)) {
      const auto* linear = dynamic_cast<const layers::LinearImpl*>(item.value().get());
      if (!linear || precision == Precision::bf16) continue;
      const std::string name = prefix + (item.key().empty() ? "" : item.key() + ".") + "weight";
      const std::int64_t rows = linear->options.out_features, columns = linear->options.in_features;
      if (precision == Precision::int8) {
        add(name, at::kChar, {rows, columns});
        add(name + ".scale", at::kBFloat16, {rows});
      } else {
        add(name, at::kByte, {rows, columns / 2});
        add(name + ".scales_and_zeros", at::kBFloat16, {columns / 64, rows, 2});
      }
    }
    for (const auto& [name, info] : all) {
      infos_.push_back(info);
      bytes_ += static_cast<double>(info.bytes());
    }
  }

  const std::vector<checkpoint::TensorInfo>& tensors() const override { return infos_; }
  double bytes() const { return bytes_; }

  at::Tensor read(const std::string& name) const override {
    const checkpoint::TensorInfo& info = *find(name);
    at::Tensor value = at::empty(info.shape, info.dtype);
    if (info.dtype == at::kBFloat16) {
      const bool norm = name.find("norm") != std::string::npos, scale = name.find(".weight.") != std::string::npos;
      if (norm) return value.fill_(1.0);
      if (scale) {
        value.fill_(precision_ == Precision::int8 ? 1e-4 : 1e-3);
        if (info.shape.size() == 3) value.select(2, 1).zero_();
        return value;
      }
      return value.normal_(0.0, 0.01);
    }
    auto* bytes = static_cast<std::uint8_t*>(value.data_ptr());
    for (std::size_t at = 0, size = value.nbytes(); at < size; at += noise_.size()) {
      std::memcpy(bytes + at, noise_.data(), std::min(noise_.size(), size - at));
    }
    return value;
  }

 private:
  Precision precision_;
  std::vector<std::uint8_t> noise_;
  std::vector<checkpoint::TensorInfo> infos_;
  double bytes_ = 0.0;
};

// a = b + s·c over three arrays that no cache holds; and b read alone, which is what decoding does.
// GB/s, best of 5.
std::pair<double, double> bandwidths() {
  constexpr std::int64_t count = std::int64_t{1} << 26;
  std::vector<float> a(count, 1.0F), b(count, 2.0F), c(count, 3.0F);
  double triad = 1e9, reading = 1e9;
  std::vector<float> sums(static_cast<std::size_t>(at::get_num_threads()) * 64);
  for (int repeat = 0; repeat < 5; ++repeat) {
    double begun = now();
    at::parallel_for(0, count, 1 << 20, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) a[i] = b[i] + 0.5F * c[i];
    });
    triad = std::min(triad, now() - begun);
    begun = now();
    at::parallel_for(0, count, 1 << 20, [&](std::int64_t begin, std::int64_t end) {
      float lanes[64] = {};
      for (std::int64_t i = begin; i + 64 <= end; i += 64) {
        for (int lane = 0; lane < 64; ++lane) lanes[lane] += b[i + lane];
      }
      std::copy(std::begin(lanes), std::end(lanes), sums.begin() + at::get_thread_num() * 64);
    });
    reading = std::min(reading, now() - begun);
  }
  const volatile float kept = a[count / 2] + sums[3];
  (void)kept;
  return {3.0 * 4.0 * count / triad / 1e9, 4.0 * count / reading / 1e9};
}

struct Settings {
  std::int64_t layers = kPublishedLayers, prompt = 314, tokens = 8;
};

void wait_for(at::Device device) {
  if (device.is_cuda()) torch::cuda::synchronize();
}

// Median seconds a token of the layers and of lm_head, the cache filled to the prompt's length.
std::pair<double, double> decode(llama::DecoderImpl& decoder, layers::Linear& head, llama::KeyValueCache& cache,
                                 const Settings& settings, at::Device device) {
  std::vector<double> in_layers, in_head;
  at::Tensor next = decoder.embed(at::zeros({1, 1}, at::device(device).dtype(at::kLong)));
  for (std::int64_t i = 0; i <= settings.tokens; ++i) {
    cache.length_ = settings.prompt + i;
    const double begun = now();
    const at::Tensor state = decoder.forward(next, &cache);
    wait_for(device);
    const double middle = now();
    const std::int64_t id = head(state).argmax().item<std::int64_t>();
    const double end = now();
    next = decoder.embed(at::full({1, 1}, id, at::device(device).dtype(at::kLong)));
    if (i == 0) continue;   // the first warms up
    in_layers.push_back(middle - begun);
    in_head.push_back(end - middle);
  }
  const auto median = [](std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
  };
  return {median(in_layers), median(in_head)};
}

void measure(const char* name, Precision precision, const Settings& settings, at::Device device, double triad,
             double reading) {
  llama::DecoderOptions options;
  options.layers = settings.layers;
  llama::Decoder decoder(options);
  layers::Linear head(layers::LinearOptions(options.hidden_size, options.vocab_size).with_bias(false));
  const RandomSource body(*decoder, "model.", precision);
  const RandomSource top(*head, "lm_head.", precision);
  checkpoint::LoadOptions load;
  load.dtype = at::kBFloat16;
  load.device = device;
  double begun = now();
  load.prefix = "model.";
  checkpoint::load_module(*decoder, body, load);
  load.prefix = "lm_head.";
  checkpoint::load_module(*head, top, load);
  wait_for(device);
  std::printf("%s on %s, %lld layers: built in %.1f s, peak memory %.2f GB\n", name, device.str().c_str(),
              static_cast<long long>(settings.layers), now() - begun, peak_gigabytes());

  const c10::InferenceMode inference;
  llama::KeyValueCache cache(options, settings.prompt + settings.tokens + 2, at::kBFloat16, device);
  const at::Tensor prompt = at::randn({1, settings.prompt, options.hidden_size}).to(device, at::kBFloat16);
  double prefill = 0.0;
  for (int repeat = 0; repeat < (device.is_cuda() ? 3 : 1); ++repeat) {
    cache.reset();
    begun = now();
    decoder->forward(prompt, &cache);
    wait_for(device);
    prefill = now() - begun;
  }
  std::printf("  prefill of %lld positions: %.3f s\n", static_cast<long long>(settings.prompt), prefill);
  const auto apart = decode(*decoder, head, cache, settings, device);
  decoder->fuse_projections();
  const auto fused = decode(*decoder, head, cache, settings, device);
  const double embedding = 2.0 * static_cast<double>(options.vocab_size * options.hidden_size);
  const double layer_bytes = body.bytes() - embedding, head_bytes = top.bytes();
  const double seconds = fused.first + fused.second;
  std::printf("  %.2f ms a token (layers %.2f, lm_head %.2f); with separate projections %.2f: ratio %.3f\n",
              1e3 * seconds, 1e3 * fused.first, 1e3 * fused.second, 1e3 * (apart.first + apart.second),
              (apart.first + apart.second) / seconds);
  const double rate = (layer_bytes + head_bytes) / seconds / 1e9;
  std::printf("  %.3f GB of weights a token: %.2f GB/s", (layer_bytes + head_bytes) / 1e9, rate);
  if (!device.is_cuda()) {
    std::printf(" = %.0f %% of the triad, %.0f %% of reading", 100 * rate / triad, 100 * rate / reading);
  }
  std::printf("\n  peak memory %.2f GB\n", peak_gigabytes());
  if (settings.layers != kPublishedLayers) {
    const double more = static_cast<double>(kPublishedLayers) / static_cast<double>(settings.layers);
    std::printf("  extended to %lld layers: prefill %.1f s, %.0f ms a token, weights %.1f GB\n",
                static_cast<long long>(kPublishedLayers), prefill * more,
                1e3 * (fused.first * more + fused.second),
                (layer_bytes * more + head_bytes + embedding) / 1e9);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  std::vector<std::string> wanted;
  const std::map<std::string, Precision> known{
      {"int4", Precision::int4}, {"int8", Precision::int8}, {"bf16", Precision::bf16}};
  bool understood = argc % 2 == 1;
  for (int i = 1; i + 1 < argc && understood; i += 2) {
    const std::string key = argv[i], value = argv[i + 1];
    if (key == "--layers") settings.layers = std::max(1L, std::atol(value.c_str()));
    else if (key == "--prompt") settings.prompt = std::max(1L, std::atol(value.c_str()));
    else if (key == "--tokens") settings.tokens = std::max(1L, std::atol(value.c_str()));
    else if (key == "--precision" && known.contains(value)) wanted.push_back(value);
    else understood = false;
  }
  if (!understood) {
    std::fprintf(stderr, "bench_llama [--layers N] [--prompt N] [--tokens N] [--precision int4|int8|bf16]…\n");
    return 2;
  }
  const auto [triad, reading] = bandwidths();
  std::printf("memory: triad %.1f GB/s, reading %.1f GB/s, %d threads\n", triad, reading, at::get_num_threads());
  for (const std::string& name : wanted.empty() ? std::vector<std::string>{"int4", "int8"} : wanted) {
    measure(name.c_str(), known.at(name), settings, at::kCPU, triad, reading);
  }
  if (!torch::cuda::is_available()) {
    std::printf("no CUDA device: prefill and time a token on a GPU were not measured\n");
    return 0;
  }
  for (const char* name : {"bf16", "int8"}) {
    measure(name, known.at(name), settings, at::Device(at::kCUDA, 0), triad, reading);
  }
  return 0;
}
