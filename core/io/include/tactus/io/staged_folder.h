// Results that appear all at once or not at all.
#pragma once

#include <filesystem>

namespace tactus::io {

// Files are written into path() and moved into the folder by commit(); without it nothing of them is left, nor the
// folder when it was not there before. What has the same name is replaced, everything else stays.
class StagedFolder {
 public:
  // Error{bad_input} when `folder` is a file, Error{cannot_run} when it cannot be made or written to: known before the work.
  explicit StagedFolder(const std::filesystem::path& folder);
  ~StagedFolder();
  StagedFolder(const StagedFolder&) = delete;
  StagedFolder& operator=(const StagedFolder&) = delete;

  const std::filesystem::path& path() const { return inside_; }
  void commit();

 private:
  void discard();
  std::filesystem::path folder_, inside_;
  std::filesystem::path first_made_;   // the outermost folder that was made for this; empty when none was
};

}  // namespace tactus::io
