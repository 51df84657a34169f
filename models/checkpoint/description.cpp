#include "tactus/checkpoint/description.h"

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

constexpr std::uint64_t kLongestOwnHeader = 8U << 20U;

}  // namespace

std::string read_description(const std::filesystem::path& file, const std::string& format, const std::string& thing, const std::string& wanted) {
  using nlohmann::json;
  const std::string name = file.string();
  const auto foreign = [&](const std::string& what) {
    return bad_input(name + ": " + what + "; give a file of " + wanted + " that \"tactus train\" wrote");
  };
  std::ifstream in(file, std::ios::binary);
  if (!in) throw bad_input(name + ": the file of weights cannot be opened; check the path");
  std::uint64_t length = 0;
  in.read(reinterpret_cast<char*>(&length), 8);
  if (!in || length < 2 || length > kLongestOwnHeader) throw foreign("this is not a safetensors file");
  std::string text(length, '\0');
  in.read(text.data(), static_cast<std::streamsize>(length));
  if (!in) throw foreign("the file ends within its header");
  const json header = json::parse(text, nullptr, false);
  if (!header.is_object()) throw foreign("this is not a safetensors file");
  const auto metadata = header.find("__metadata__");
  if (metadata == header.end() || !metadata->is_object() || metadata->value("format", json()) != json(format) ||
      !metadata->contains("tactus") || !(*metadata)["tactus"].is_string()) {
    throw foreign("this is not a file of " + thing);
  }
  return (*metadata)["tactus"].get<std::string>();
}

}  // namespace tactus::checkpoint
