// Fixtures that committed Python scripts wrote (fixtures/*.npz).
#pragma once

#include <filesystem>
#include <string>

#include "tactus/io/numeric_array.h"
#include "tactus/io/zip_reader.h"

namespace tactus::io {

class Fixture {
 public:
  explicit Fixture(const std::string& name) : zip_(std::filesystem::path(TACTUS_FIXTURES) / name), name_(name) {}
  NumericArray operator[](const std::string& key) const {
    const auto bytes = zip_.read(key + ".npy");
    return numeric_array(*read_npy(bytes, name_ + ": " + key), name_ + ": " + key);
  }

 private:
  ZipReader zip_;
  std::string name_;
};

}  // namespace tactus::io
