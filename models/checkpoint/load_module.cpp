#include "tactus/checkpoint/load_module.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <set>

#include "stored_tensors.h"
#include "tactus/parallel.h"

namespace tactus::checkpoint {
namespace {

constexpr std::int64_t kReadPiece = std::int64_t{8} << 20U;   // bytes between two looks at the request to stop
constexpr std::size_t kMostProblems = 20;

// A parameter or buffer and what will be its data.
struct Slot {
  at::Tensor target;
  const TensorInfo* info = nullptr;
  at::Tensor stored, ready;   // the same tensor where nothing has to be converted
  std::atomic<std::size_t> pieces_left{0};
};

struct SelfLoader {
  SelfLoading* module = nullptr;
  std::string prefix;
  std::vector<std::string> names;
  std::int64_t bytes = 0;
};

struct Survey {
  std::vector<std::pair<at::Tensor, const TensorInfo*>> tensors;
  std::vector<SelfLoader> loaders;
  std::set<std::string> used;
  std::vector<std::string> problems;
};

void survey_tensor(const std::string& name, const at::Tensor& target, const TensorSource& source, Survey& survey) {
  const TensorInfo* info = source.find(name);
  survey.used.insert(name);
  if (info == nullptr) {
    survey.problems.push_back(name + " " + shape_text(target.sizes().vec()) + " is missing");
  } else if (at::IntArrayRef(info->shape) != target.sizes()) {
    survey.problems.push_back(name + " is " + shape_text(info->shape) + " instead of " + shape_text(target.sizes().vec()));
  } else if (at::isFloatingType(info->dtype) != at::isFloatingType(target.scalar_type())) {
    survey.problems.push_back(name + " is of type " + c10::toString(info->dtype) + " instead of " +
                              (at::isFloatingType(target.scalar_type()) ? "a floating one" : c10::toString(target.scalar_type())));
  } else {
    survey.tensors.emplace_back(target, info);
  }
}

void survey_module(torch::nn::Module& module, const std::string& prefix, const TensorSource& source, Survey& survey) {
  if (auto* self = dynamic_cast<SelfLoading*>(&module)) {
    auto plan = self->plan(source, prefix);
    survey.problems.insert(survey.problems.end(), plan.problems.begin(), plan.problems.end());
    survey.used.insert(plan.names.begin(), plan.names.end());
    std::int64_t bytes = 0;
    for (const std::string& name : plan.names)
      if (const TensorInfo* info = source.find(name)) bytes += info->bytes();
    survey.loaders.push_back({self, prefix, std::move(plan.names), bytes});
    return;
  }
  for (const auto& parameter : module.named_parameters(false))
    survey_tensor(prefix + parameter.key(), parameter.value(), source, survey);
  for (const auto& buffer : module.named_buffers(false))
    survey_tensor(prefix + buffer.key(), buffer.value(), source, survey);
  for (const auto& child : module.named_children()) survey_module(*child.value(), prefix + child.key() + ".", source, survey);
}

std::string place_of(const TensorSource& source) {
  const auto& all = source.tensors();
  if (all.empty()) return "the files";
  const bool one = std::all_of(all.begin(), all.end(), [&](const TensorInfo& info) { return info.file == all[0].file; });
  return one ? all[0].file : std::filesystem::path(all[0].file).parent_path().string();
}

void refuse_problems(Survey& survey, const TensorSource& source, const LoadOptions& options) {
  if (options.extra_is_error) {
    for (const TensorInfo& info : source.tensors()) {
      const auto ignored = [&](const std::string& start) { return info.name.starts_with(options.prefix + start); };
      if (info.name.starts_with(options.prefix) && !survey.used.contains(info.name) &&
          std::none_of(options.ignored.begin(), options.ignored.end(), ignored)) {
        survey.problems.push_back(info.name + " " + shape_text(info.shape) + " is not part of the network");
      }
    }
  }
  if (survey.problems.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < std::min(survey.problems.size(), kMostProblems); ++i)
    text += (i == 0 ? "" : "; ") + survey.problems[i];
  if (survey.problems.size() > kMostProblems)
    text += "; and " + std::to_string(survey.problems.size() - kMostProblems) + " more";
  throw bad_input(place_of(source) + ": the weights do not fit the network: " + text);
}

// Counts bytes over all threads.
class ByteProgress {
 public:
  ByteProgress(const Progress& progress, std::int64_t total) : progress_(progress), total_(total) {}
  void add(std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    char text[64];
    std::snprintf(text, sizeof text, "%.2f of %.2f GB", static_cast<double>(done_) * 1e-9, static_cast<double>(total_) * 1e-9);
    progress_.report(total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1.0, text);
  }
  void check() const { progress_.check(); }

 private:
  const Progress& progress_;
  const std::int64_t total_;
  std::int64_t done_ = 0;
  std::mutex mutex_;
};

// Brings mapped pages into memory.
void touch(const at::Tensor& tensor, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kPage = 4096;
  const auto* data = static_cast<const volatile std::uint8_t*>(tensor.const_data_ptr());
  for (std::int64_t at = begin; at < end; at += kPage) static_cast<void>(data[at]);
}

at::ScalarType wanted_dtype(const Slot& slot, const LoadOptions& options) {
  return at::isFloatingType(slot.info->dtype) ? options.dtype : slot.target.scalar_type();
}

// Elements [begin, end) of the slot.
void fill(Slot& slot, std::int64_t begin, std::int64_t end) {
  const auto item = static_cast<std::int64_t>(c10::elementSize(slot.info->dtype));
  if (slot.ready.is_same(slot.stored)) return touch(slot.stored, begin * item, end * item);
  const at::Tensor from = slot.stored.view({-1}), to = slot.ready.view({-1});
  // Below the size at which libtorch would start threads of its own.
  constexpr std::int64_t kSerial = 32768;
  for (std::int64_t at = begin; at < end; at += kSerial) {
    const std::int64_t count = std::min(kSerial, end - at);
    to.narrow(0, at, count).copy_(from.narrow(0, at, count));
  }
}

void read_tensors(std::vector<Slot>& slots, const TensorSource& source, const LoadOptions& options, ByteProgress& bytes) {
  struct Piece {
    Slot* slot;
    std::int64_t begin, end;
  };
  std::vector<Piece> pieces;
  for (Slot& slot : slots) {
    const auto item = static_cast<std::int64_t>(c10::elementSize(slot.info->dtype));
    const std::int64_t count = element_count(slot.info->shape), step = options.device.is_cpu() ? kReadPiece / item : count;
    for (std::int64_t begin = 0; begin < count || begin == 0; begin += std::max<std::int64_t>(step, 1)) {
      pieces.push_back({&slot, begin, std::min(begin + step, count)});
      ++slot.pieces_left;
    }
  }
  std::vector<std::once_flag> opened(slots.size());
  parallel_for(pieces.size(), 1, [&](std::size_t first, std::size_t last) {
    const c10::InferenceMode normal(false);
    const at::NoGradGuard no_gradient;
    for (std::size_t i = first; i < last; ++i) {
      bytes.check();
      Slot& slot = *pieces[i].slot;
      const at::ScalarType dtype = wanted_dtype(slot, options);
      std::call_once(opened[static_cast<std::size_t>(&slot - slots.data())], [&] {
        slot.stored = source.read(slot.info->name);
        const bool as_it_is = dtype == slot.info->dtype && !options.writable;
        if (!options.device.is_cpu()) slot.ready = slot.stored.to(options.device).to(dtype);
        else slot.ready = as_it_is ? slot.stored : at::empty(slot.info->shape, at::TensorOptions().dtype(dtype));
      });
      if (options.device.is_cpu()) fill(slot, pieces[i].begin, pieces[i].end);
      if (--slot.pieces_left == 0) slot.stored.reset();   // lets go of the mapped pages of what was converted
      bytes.add((pieces[i].end - pieces[i].begin) * static_cast<std::int64_t>(c10::elementSize(slot.info->dtype)));
    }
  });
}

void run_loaders(std::vector<SelfLoader>& loaders, const TensorSource& source, const LoadOptions& options, ByteProgress& bytes) {
  parallel_for(loaders.size(), 1, [&](std::size_t first, std::size_t last) {
    const c10::InferenceMode normal(false);
    const at::NoGradGuard no_gradient;
    for (std::size_t i = first; i < last; ++i) {
      const SelfLoader& loader = loaders[i];
      std::vector<at::Tensor> kept;   // so that touched pages stay until they are used
      for (const std::string& name : loader.names) {
        kept.push_back(source.read(name));
        const auto count = static_cast<std::int64_t>(kept.back().nbytes());
        for (std::int64_t begin = 0; begin < count; begin += kReadPiece) {
          bytes.check();
          touch(kept.back(), begin, std::min(begin + kReadPiece, count));
          bytes.add(std::min(begin + kReadPiece, count) - begin);
        }
      }
      bytes.check();
      loader.module->load(source, loader.prefix, options.dtype, options.device);
    }
  });
}

}  // namespace

void load_module(torch::nn::Module& module, const TensorSource& source, const LoadOptions& options, const Progress& progress) {
  if (!at::isFloatingType(options.dtype)) throw std::logic_error("load_module: the dtype must be a floating one");
  Survey survey;
  survey_module(module, options.prefix, source, survey);
  refuse_problems(survey, source, options);

  std::int64_t total = 0;
  std::vector<Slot> slots(survey.tensors.size());
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots[i].target = survey.tensors[i].first;
    slots[i].info = survey.tensors[i].second;
    total += slots[i].info->bytes();
  }
  for (const SelfLoader& loader : survey.loaders) total += loader.bytes;
  ByteProgress bytes(progress, total);
  read_tensors(slots, source, options, bytes);
  run_loaders(survey.loaders, source, options, bytes);
  progress.check();
  for (Slot& slot : slots) slot.target.set_data(slot.ready);
}

}  // namespace tactus::checkpoint
