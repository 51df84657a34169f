// Files for the tests, and what a refusal must look like.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "tactus/error.h"
#include "tactus/geometry/mesh.h"

namespace tactus::io {

namespace fs = std::filesystem;

// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "tactus-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw cannot_run("no temporary folder");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code error;
    fs::permissions(path_, fs::perms::owner_all, error);
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }
  fs::path file(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return path_ / name;
  }
  std::size_t count() const { return static_cast<std::size_t>(std::distance(fs::recursive_directory_iterator(path_), {})); }

 private:
  fs::path path_;
};

inline std::string content(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline fs::path data(const std::string& name) { return fs::path(TACTUS_TEST_DATA) / name; }

// `work` throws Error{bad_input} of one line that holds all the words.
inline void expect_refused(const std::function<void()>& work, const std::vector<std::string>& words, ErrorKind kind = ErrorKind::bad_input) {
  try {
    work();
  } catch (const Error& error) {
    const std::string said = error.what();
    EXPECT_EQ(error.kind(), kind) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
    for (const auto& word : words) EXPECT_NE(said.find(word), std::string::npos) << "\"" << said << "\" does not say \"" << word << "\"";
    return;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return;
  }
  ADD_FAILURE() << "was accepted; expected a refusal that says " << (words.empty() ? "anything" : words.front());
}

// Either it works or it throws Error; anything else is a failure. True when it worked.
inline bool loads_or_refuses(const std::function<void()>& work, const std::string& what) {
  try {
    work();
    return true;
  } catch (const Error&) {
    return false;
  } catch (const std::exception& error) {
    ADD_FAILURE() << what << ": another exception: " << error.what();
    return false;
  }
}

inline geometry::Mesh tetrahedron() {
  geometry::Mesh mesh;
  mesh.vertices.resize(4, 3);
  mesh.vertices << 0.1F, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1.0F / 3.0F;
  mesh.faces.resize(4, 3);
  mesh.faces << 0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3;
  return mesh;
}

}  // namespace tactus::io
