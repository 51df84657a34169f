#include "tactus/checkpoint/convert.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "decoder_matrix.h"
#include "dtype_names.h"
#include "stored_tensors.h"
#include "tactus/checkpoint/quantise.h"
#include "tactus/checkpoint/save_tensors.h"

namespace tactus::checkpoint {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

// One stored tensor and what becomes of it.
struct Item {
  const TensorInfo* from = nullptr;
  std::optional<ConvertTo> quantised;
  std::vector<TensorInfo> to;
  std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const TensorInfo& info : to) sum += static_cast<std::uint64_t>(info.bytes());
    return sum;
  }
};

Item plan_item(const TensorInfo& info, const ConvertOptions& options) {
  Item item{&info, std::nullopt, {}};
  if (options.to == ConvertTo::safetensors || !is_decoder_matrix(info)) {
    item.to = {info};
    return item;
  }
  const std::int64_t n = info.shape[0], k = info.shape[1];
  if (options.to == ConvertTo::int4 && k > 0 && k % options.group == 0) {
    item.quantised = ConvertTo::int4;
    item.to = {{info.name, at::kByte, {n, k / 2}, {}}, {info.name + ".scales_and_zeros", at::kBFloat16, {k / options.group, n, 2}, {}}};
  } else {
    item.quantised = ConvertTo::int8;
    item.to = {{info.name, at::kChar, {n, k}, {}}, {info.name + ".scale", at::kBFloat16, {n}, {}}};
  }
  return item;
}

std::vector<std::vector<Item>> plan_shards(const TensorSource& source, const ConvertOptions& options) {
  std::vector<std::vector<Item>> shards(1);
  std::uint64_t filled = 0;
  for (const TensorInfo& info : source.tensors()) {
    Item item = plan_item(info, options);
    const std::uint64_t bytes = item.bytes();
    if (!shards.back().empty() && filled + bytes > options.shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += bytes;
    shards.back().push_back(std::move(item));
  }
  return shards;
}

// Rows in pieces, so that a stop is noticed between them.
void write_quantised(const Item& item, const at::Tensor& weight, int group, SafetensorsWriter& writer, const Progress& progress) {
  const std::int64_t n = weight.size(0), step = std::max<std::int64_t>(1, (std::int64_t{4} << 20) / std::max<std::int64_t>(weight.size(1), 1));
  std::vector<at::Tensor> values, scales;
  for (std::int64_t row = 0; row < n; row += step) {
    progress.check();
    const at::Tensor rows = weight.narrow(0, row, std::min(step, n - row));
    if (item.quantised == ConvertTo::int4) {
      Int4Weight part = quantise_int4(rows, group);
      values.push_back(part.values);
      scales.push_back(part.scales_and_zeros);
    } else {
      Int8Weight part = quantise_int8(rows);
      values.push_back(part.values);
      scales.push_back(part.scale);
    }
  }
  writer.write(item.to[0].name, at::cat(values, 0), progress);
  writer.write(item.to[1].name, at::cat(scales, item.quantised == ConvertTo::int4 ? 1 : 0), progress);
}

void write_item(const Item& item, const TensorSource& source, const ConvertOptions& options, SafetensorsWriter& writer,
                const Progress& progress) {
  const at::Tensor tensor = source.read(item.from->name);
  if (!item.quantised) return writer.write(item.from->name, tensor, progress);
  try {
    write_quantised(item, tensor, options.group, writer, progress);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::bad_input) throw;
    throw bad_input(item.from->file + ": " + item.from->name + ": " + error.what());
  }
}

void check_room(const fs::path& folder, std::uint64_t bytes) {
  std::error_code unknown;
  const auto space = fs::space(folder, unknown);
  if (unknown || space.available >= bytes) return;
  char text[96];
  std::snprintf(text, sizeof text, ": the disk is full: %.2f GB are needed and %.2f GB are free", static_cast<double>(bytes) * 1e-9,
                static_cast<double>(space.available) * 1e-9);
  throw cannot_run(folder.string() + text);
}

std::string precision_of(const std::vector<TensorInfo>& tensors) {
  std::map<at::ScalarType, std::int64_t> bytes;
  for (const TensorInfo& info : tensors) bytes[info.dtype] += info.bytes();
  const auto most = std::max_element(bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  switch (most->first) {
    case at::kFloat: return "fp32";
    case at::kHalf: return "fp16";
    case at::kChar: return "int8";
    case at::kByte: return "int4";
    default: return "bf16";
  }
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw cannot_run(file.string() + ": the file could not be written; is the disk full?");
}

bool is_weights(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const char* ending : {".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".ot", ".onnx", ".index.json", ".part"})
    if (name.ends_with(ending)) return true;
  return false;
}

void copy_file(const fs::path& from, const fs::path& to, const Progress& progress) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary);
  std::vector<char> piece(std::size_t{4} << 20U);
  do {
    progress.check();
    in.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    out.write(piece.data(), in.gcount());
  } while (in && out);
  out.close();
  if (!in.eof()) throw bad_input(from.string() + ": the file could not be read");
  if (!out) throw cannot_run(to.string() + ": the file could not be written; is the disk full?");
}

void copy_config(const fs::path& from, const fs::path& to, const std::string& precision) {
  std::ifstream stream(from);
  auto config = ordered_json::parse(stream, nullptr, false);
  if (!config.is_object()) throw bad_input(from.string() + ": this is not JSON; fetch it again");
  config["tactus_precision"] = precision;
  write_text(to, config.dump(2) + "\n");
}

// Everything beside the weights; a folder inside only when it is a model's, as a vision tower is.
void copy_the_rest(const fs::path& from, const fs::path& into, ConvertReport& report, const Progress& progress) {
  for (const auto& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && fs::exists(entry.path() / "config.json")) {
      fs::create_directory(into / name);
      for (const auto& inner : fs::directory_iterator(entry.path()))
        if (inner.is_regular_file()) copy_file(inner.path(), into / name / inner.path().filename(), progress);
    } else if (entry.is_regular_file() && !is_weights(entry.path())) {
      if (name == "config.json") copy_config(entry.path(), into / name, report.precision);
      else copy_file(entry.path(), into / name, progress);
    } else {
      continue;
    }
    report.files.push_back(name);
  }
}

std::string shard_name(std::size_t number, std::size_t count) {
  char name[64];
  std::snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", number, count);
  return name;
}

void check_convertible(const fs::path& from, const TensorSource& source, const ConvertOptions& options) {
  const auto& all = source.tensors();
  if (all.empty()) throw bad_input(from.string() + ": there are no tensors in it");
  for (const TensorInfo& info : all) {
    if (safetensors_name(info.dtype).empty())
      throw bad_input(info.file + ": " + info.name + " is of type " + c10::toString(info.dtype) + ", which safetensors cannot hold");
  }
  if (options.to == ConvertTo::safetensors) return;
  if (std::any_of(all.begin(), all.end(), is_scale))
    throw bad_input(from.string() + ": this model is quantised already; convert the folder that it was made from");
  for (const TensorInfo& info : all) {
    if (is_decoder_matrix(info) && !at::isFloatingType(info.dtype))
      throw bad_input(info.file + ": " + info.name + " is of type " + c10::toString(info.dtype) + "; only floats are quantised");
  }
  if (std::none_of(all.begin(), all.end(), is_decoder_matrix)) {
    throw bad_input(from.string() + ": there are no decoder matrices in it (model.layers.*, lm_head), and nothing else is quantised; "
                                    "only --to safetensors makes sense here");
  }
  std::error_code ignored;
  if (!fs::is_regular_file(from / "config.json", ignored))
    throw bad_input(from.string() + ": config.json is missing; a quantised model needs it to say what it is");
}

}  // namespace

ConvertReport convert(const fs::path& from, const fs::path& into, const ConvertOptions& options, const Progress& progress) {
  progress.report(0.0);
  const auto source = open_tensors(from);
  check_convertible(from, *source, options);
  const auto shards = plan_shards(*source, options);

  ConvertReport report;
  report.tensors = source->tensors().size();
  report.precision = options.to == ConvertTo::int8 ? "int8" : options.to == ConvertTo::int4 ? "int4" : precision_of(source->tensors());
  for (const auto& shard : shards) {
    for (const Item& item : shard) {
      report.bytes_before += static_cast<std::uint64_t>(item.from->bytes());
      report.bytes_after += item.bytes();
      report.int8 += item.quantised == ConvertTo::int8 ? 1 : 0;
      report.int4 += item.quantised == ConvertTo::int4 ? 1 : 0;
    }
  }
  check_room(into, report.bytes_after);

  ordered_json index = {{"metadata", {{"total_size", report.bytes_after}}}, {"weight_map", ordered_json::object()}};
  std::uint64_t done = 0;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    const std::string name = shard_name(s + 1, shards.size());
    std::vector<TensorInfo> infos;
    for (const Item& item : shards[s]) {
      for (const TensorInfo& info : item.to) {
        infos.push_back(info);
        index["weight_map"][info.name] = name;
      }
    }
    SafetensorsWriter writer(into / name, infos, {{"format", "pt"}});
    for (const Item& item : shards[s]) {
      progress.check();
      write_item(item, *source, options, writer, progress);
      done += static_cast<std::uint64_t>(item.from->bytes());
      char text[64];
      std::snprintf(text, sizeof text, "%.2f of %.2f GB", static_cast<double>(done) * 1e-9, static_cast<double>(report.bytes_before) * 1e-9);
      progress.report(0.98 * static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(report.bytes_before, 1)), text);
    }
    writer.finish();
    report.files.push_back(name);
  }
  write_text(into / "model.safetensors.index.json", index.dump(2) + "\n");
  report.files.emplace_back("model.safetensors.index.json");
  std::error_code ignored;
  if (fs::is_directory(from, ignored)) copy_the_rest(from, into, report, progress);
  progress.check();
  progress.report(1.0);
  return report;
}

}  // namespace tactus::checkpoint
