#include "tactus/checkpoint/save_tensors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "dtype_names.h"
#include "stored_tensors.h"
#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{8} << 20U;   // between two looks at the request to stop

[[noreturn]] void refuse(const fs::path& file, int why) {
  throw cannot_run(file.string() + (why == ENOSPC || why == EDQUOT ? ": the disk is full"
                                                                    : ": the file could not be written (" +
                                                                          std::string(std::strerror(why)) + ")"));
}

void write_all(int descriptor, const void* data, std::size_t count, std::uint64_t at, const fs::path& file,
               const Progress& stop) {
  const auto* next = static_cast<const char*>(data);
  while (count > 0) {
    stop.check();
    const ssize_t done = ::pwrite(descriptor, next, std::min(count, kPiece), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) refuse(file, done < 0 ? errno : ENOSPC);
    next += done;
    at += static_cast<std::uint64_t>(done);
    count -= static_cast<std::size_t>(done);
  }
}

}  // namespace

struct SafetensorsWriter::State {
  fs::path file, part;
  int descriptor = -1;
  struct Place {
    TensorInfo info;
    std::uint64_t offset = 0;
    std::atomic<bool> written{false};
  };
  std::map<std::string, Place> places;
  std::uint64_t size = 0;
};

SafetensorsWriter::SafetensorsWriter(const fs::path& file, std::vector<TensorInfo> tensors,
                                     const std::map<std::string, std::string>& metadata)
    : state_(std::make_unique<State>()) {
  state_->file = file;
  state_->part = file.string() + ".part";
  // Wide elements first, so that each begins at a multiple of its size.
  std::stable_sort(tensors.begin(), tensors.end(), [](const TensorInfo& a, const TensorInfo& b) {
    return c10::elementSize(a.dtype) > c10::elementSize(b.dtype);
  });
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const TensorInfo& tensor : tensors) {
    const std::string dtype = safetensors_name(tensor.dtype);
    if (dtype.empty()) {
      throw bad_input(file.string() + ": the tensor " + tensor.name + " is of " + c10::toString(tensor.dtype) +
                      ", which safetensors cannot hold");
    }
    State::Place& place = state_->places[tensor.name];
    if (!place.info.name.empty()) throw bad_input(file.string() + ": the tensor " + tensor.name + " would stand twice in it");
    place.info = tensor;
    place.offset = offset;
    const auto end = offset + static_cast<std::uint64_t>(tensor.bytes());
    header[tensor.name] = {{"dtype", dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception&) {
    throw bad_input(file.string() + ": the name of a tensor is not UTF-8, which safetensors cannot hold");
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  for (auto& [name, place] : state_->places) place.offset += 8 + text.size();
  state_->size = 8 + text.size() + offset;

  state_->descriptor = ::open(state_->part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (state_->descriptor < 0) refuse(file, errno);
  try {
    // Not every file system can; there a full disk shows when the data comes.
    if (::fallocate(state_->descriptor, 0, 0, static_cast<off_t>(state_->size)) != 0 && errno != EOPNOTSUPP &&
        errno != ENOSYS && errno != EINTR) {
      refuse(file, errno);
    }
    const std::uint64_t length = text.size();
    write_all(state_->descriptor, &length, 8, 0, file, {});
    write_all(state_->descriptor, text.data(), text.size(), 8, file, {});
  } catch (...) {
    ::close(state_->descriptor);
    std::error_code ignored;
    fs::remove(state_->part, ignored);
    throw;
  }
}

SafetensorsWriter::~SafetensorsWriter() {
  if (state_->descriptor < 0) return;
  ::close(state_->descriptor);
  std::error_code ignored;
  fs::remove(state_->part, ignored);
}

std::uint64_t SafetensorsWriter::file_bytes() const { return state_->size; }

void SafetensorsWriter::write(const std::string& name, const at::Tensor& tensor, const Progress& stop) {
  const auto at = state_->places.find(name);
  if (at == state_->places.end()) throw std::logic_error("write: " + name + " was not announced");
  const TensorInfo& info = at->second.info;
  if (tensor.scalar_type() != info.dtype || tensor.sizes() != at::IntArrayRef(info.shape)) {
    throw std::logic_error("write: " + name + " was announced as " + c10::toString(info.dtype) + " " + shape_text(info.shape) +
                           ", got " + c10::toString(tensor.scalar_type()) + " " + shape_text(tensor.sizes().vec()));
  }
  const at::Tensor whole = tensor.detach().cpu().contiguous();
  write_all(state_->descriptor, whole.const_data_ptr(), static_cast<std::size_t>(info.bytes()), at->second.offset, state_->file, stop);
  at->second.written = true;
}

void SafetensorsWriter::finish() {
  for (const auto& [name, place] : state_->places)
    if (!place.written) throw std::logic_error("finish: " + name + " was never written");
  const int closed = ::close(state_->descriptor);
  state_->descriptor = -1;
  std::error_code problem;
  if (closed == 0) fs::rename(state_->part, state_->file, problem);
  if (closed == 0 && !problem) return;
  const int why = closed != 0 ? errno : problem.value();
  fs::remove(state_->part, problem);
  refuse(state_->file, why);
}

void write_safetensors(const fs::path& file, const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::vector<TensorInfo> infos;
  for (const auto& [name, tensor] : tensors) infos.push_back({name, tensor.scalar_type(), tensor.sizes().vec(), file.string()});
  SafetensorsWriter writer(file, infos, metadata);
  for (const auto& [name, tensor] : tensors) writer.write(name, tensor);
  writer.finish();
}

}  // namespace tactus::checkpoint
