// The reader of safetensors (METHOD.md §9.9).
#include <algorithm>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "dtype_names.h"
#include "stored_tensors.h"
#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLongestHeader = 100'000'000;

json parse_header(std::span<const std::uint8_t> text, const std::string& file) {
  std::set<std::string> names;
  std::string twice;
  const auto notice = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth == 1 && event == json::parse_event_t::key && !names.insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  json header = json::parse(text.begin(), text.end(), notice, false);
  if (!header.is_object())
    throw bad_input(file + ": the header is not JSON; the file is damaged, or it is not a safetensors file");
  if (!twice.empty()) throw bad_input(file + ": the tensor " + twice + " stands twice in the header");
  return header;
}

std::vector<std::int64_t> whole_numbers(const json& entry, const char* key) {
  std::vector<std::int64_t> numbers;
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) throw std::string("has no ") + key;
  for (const json& number : *found) {
    if (!number.is_number_unsigned() || number.get<std::uint64_t>() > INT64_MAX)
      throw "has " + std::string(key) + " " + found->dump() + ", which are not whole numbers from 0";
    numbers.push_back(number.get<std::int64_t>());
  }
  return numbers;
}

// Throws the rest of a sentence that begins with the tensor's name.
StoredTensor read_entry(const json& entry, std::uint64_t data_size) {
  if (!entry.is_object()) throw std::string("is not described by an object");
  StoredTensor tensor;
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) throw std::string("has no dtype");
  const auto known = dtype_of_safetensors(dtype->get<std::string>());
  if (!known) throw "has the dtype " + dtype->get<std::string>() + ", which Tactus does not read";
  tensor.info.dtype = *known;
  tensor.info.shape = whole_numbers(entry, "shape");
  const auto place = whole_numbers(entry, "data_offsets");
  if (place.size() != 2 || place[0] > place[1]) throw std::string("has damaged data_offsets");
  if (static_cast<std::uint64_t>(place[1]) > data_size)
    throw std::string("lies beyond the end of the file; the file is cut off or damaged: fetch it again");
  const std::int64_t count = element_count(tensor.info.shape);
  const auto item = static_cast<std::int64_t>(c10::elementSize(tensor.info.dtype));
  if (count < 0 || count > INT64_MAX / item || count * item != place[1] - place[0])
    throw "has the shape " + shape_text(tensor.info.shape) + " of " + dtype->get<std::string>() + " but " +
        std::to_string(place[1] - place[0]) + " bytes";
  tensor.offset = static_cast<std::uint64_t>(place[0]);
  return tensor;
}

}  // namespace

std::vector<StoredTensor> read_safetensors(const std::shared_ptr<const MappedFile>& file) {
  const std::string name = file->path().string();
  const auto bytes = file->bytes();
  std::uint64_t length = 0;
  if (bytes.size() >= 8) std::memcpy(&length, bytes.data(), 8);
  if (bytes.size() < 10 || length < 2 || bytes[8] != '{') {
    throw bad_input(name + ": this is neither a safetensors file nor a torch zip archive");
  }
  if (length > kLongestHeader) {
    throw bad_input(name + ": the header would be " + std::to_string(length) +
                    " bytes long, more than the 100 MB that a safetensors file may have; the file is damaged");
  }
  if (length > bytes.size() - 8) throw bad_input(name + ": the file is cut off inside its header; fetch it again");

  const json header = parse_header(bytes.subspan(8, length), name);
  const std::uint64_t data_size = bytes.size() - 8 - length;
  std::vector<StoredTensor> tensors;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") continue;
    try {
      tensors.push_back(read_entry(entry, data_size));
    } catch (const std::string& problem) {
      throw bad_input(name + ": the tensor " + key + " " + problem);
    }
    tensors.back().info.name = key;
    tensors.back().info.file = name;
    tensors.back().file = file;
  }
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor& a, const StoredTensor& b) {
    return std::pair(a.offset, a.info.bytes()) < std::pair(b.offset, b.info.bytes());
  });
  std::uint64_t end = 0;
  for (StoredTensor& tensor : tensors) {
    if (tensor.offset != end) {
      throw bad_input(name + ": the tensor " + tensor.info.name + (tensor.offset < end ? " overlaps" : " leaves a gap after") +
                      " the one before it; the header is damaged");
    }
    end += static_cast<std::uint64_t>(tensor.info.bytes());
    tensor.offset += 8 + length;
  }
  if (end != data_size) {
    throw bad_input(name + ": " + std::to_string(data_size - end) + " bytes after the last tensor belong to none; the file is damaged");
  }
  return tensors;
}

}  // namespace tactus::checkpoint
