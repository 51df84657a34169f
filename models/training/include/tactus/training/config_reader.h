// Reads a JSON object of options key by key; what nobody asked for is refused.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

#include "tactus/error.h"

namespace tactus::training {

struct Range {
  double low = -1e300, high = 1e300;
};

// Error{bad_input} names `where`, the key, its value and what it must be.
class ConfigReader {
 public:
  ConfigReader(nlohmann::json object, std::string where) : object_(std::move(object)), where_(std::move(where)) {
    if (!object_.is_object()) throw bad_input(where_ + ": it must be a JSON object");
  }
  template <typename T>
  void operator()(const char* key, T& value, Range range) {
    known_ += (known_.empty() ? "" : ", ") + std::string(key);
    const auto found = object_.find(key);
    if (found == object_.end()) return;
    const auto fail = [&](const std::string& right) {
      throw bad_input(where_ + ": \"" + key + "\" is " + found->dump().substr(0, 60) + "; it must be " + right);
    };
    if constexpr (std::is_same_v<T, bool>) {
      if (!found->is_boolean()) fail("true or false");
      value = found->template get<bool>();
    } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::filesystem::path>) {
      if (!found->is_string()) fail("a text");
      value = found->template get<std::string>();
    } else {
      const bool whole = std::is_integral_v<T>;
      std::ostringstream limits;
      limits << (whole ? "a whole number" : "a number") << " between " << range.low << " and " << range.high;
      if (!found->is_number() || (whole && !found->is_number_integer())) fail(limits.str());
      const double number = found->template get<double>();
      if (!(number >= range.low && number <= range.high)) fail(limits.str());
      value = found->template get<T>();
    }
    object_.erase(found);
  }
  // An object inside, taken out; null when it is not there.
  nlohmann::json take(const char* key) {
    known_ += (known_.empty() ? "" : ", ") + std::string(key);
    const auto found = object_.find(key);
    if (found == object_.end()) return nlohmann::json::object();
    nlohmann::json inner = *found;
    object_.erase(found);
    return inner;
  }
  void finish() const {
    if (!object_.empty()) throw bad_input(where_ + ": the key \"" + object_.begin().key() + "\" is unknown; those that are known: " + known_);
  }

 private:
  nlohmann::json object_;
  std::string where_, known_;
};

// Writes the options that ConfigReader reads, with the same visitors.
inline auto config_writer(nlohmann::ordered_json& object) {
  return [&object](const char* key, const auto& value, Range) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::filesystem::path>) {
      object[key] = value.string();
    } else {
      object[key] = value;
    }
  };
}

// The text of a configuration's file. Error{bad_input}: it cannot be opened.
inline std::string read_config(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw bad_input(file.string() + ": the configuration cannot be opened; check the path");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace tactus::training
