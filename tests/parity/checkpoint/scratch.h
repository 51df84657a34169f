// A folder for one test, files in it, and the sentence of a refusal.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "tactus/error.h"

namespace tactus::checkpoint {

namespace fs = std::filesystem;

class Scratch {
 public:
  Scratch() : path_(fs::temp_directory_path() / ("tactus-checkpoint-" + std::to_string(::getpid()) + "-" + std::to_string(count()++))) {
    fs::create_directories(path_);
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }
  fs::path file(const std::string& name, const std::string& bytes) const {
    fs::create_directories((path_ / name).parent_path());
    fs::remove(path_ / name);   // writing over a file waits for the disk
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }

 private:
  static int& count() {
    static int n = 0;
    return n;
  }
  fs::path path_;
};

inline std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// What the refusal says; fails the test when nothing or something else is thrown.
inline std::string refusal(const std::function<void()>& run, ErrorKind kind = ErrorKind::bad_input) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "not an Error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

#define EXPECT_SAYS(sentence, words) EXPECT_NE((sentence).find(words), std::string::npos) << (sentence)

inline std::string little(std::uint64_t value, int bytes) {
  std::string text(static_cast<std::size_t>(bytes), '\0');
  std::memcpy(text.data(), &value, static_cast<std::size_t>(bytes));
  return text;
}

// A safetensors file with this header, as it stands.
inline std::string safetensors_bytes(const std::string& header, const std::string& data) {
  return little(header.size(), 8) + header + data;
}

}  // namespace tactus::checkpoint
