#include "tactus/io/staged_folder.h"

#include <cstdlib>

#include <string>

#include "tactus/error.h"

namespace tactus::io {

namespace fs = std::filesystem;

StagedFolder::StagedFolder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty()) throw bad_input("folder: none was named for the results");
  folder_ = fs::absolute(folder, error).lexically_normal();
  if (!folder_.has_filename()) folder_ = folder_.parent_path();   // a slash at the end
  if (fs::exists(folder_, error) && !fs::is_directory(folder_, error))
    throw bad_input(folder.string() + ": this is a file; name a folder for the results");
  for (fs::path made = folder_; !fs::exists(made, error) && made.has_relative_path(); made = made.parent_path()) first_made_ = made;
  fs::create_directories(folder_, error);
  // Inside the folder: its parent may be another disk, or one that may not be written to.
  std::string pattern = (folder_ / ".tactus-part-XXXXXX").string();
  if (error || ::mkdtemp(pattern.data()) == nullptr) {
    discard();
    throw cannot_run(folder.string() + ": the folder cannot be written to; choose one that you may write to, on a disk with room");
  }
  inside_ = pattern;
}

StagedFolder::~StagedFolder() { discard(); }

void StagedFolder::discard() {
  std::error_code error;
  if (!inside_.empty()) fs::remove_all(inside_, error);
  inside_.clear();
  if (!first_made_.empty()) {
    // Only what is empty, from the inside out: others may have put something there meanwhile.
    for (fs::path made = folder_; fs::remove(made, error) && made != first_made_;) made = made.parent_path();
  }
}

void StagedFolder::commit() {
  try {
    for (const auto& entry : fs::directory_iterator(inside_)) {
      const fs::path target = folder_ / entry.path().filename();
      if (entry.is_directory() || fs::is_directory(target)) fs::remove_all(target);   // a rename replaces files only
      fs::rename(entry.path(), target);
    }
  } catch (const fs::filesystem_error& problem) {
    throw cannot_run(folder_.string() + ": the results could not be moved in (" + problem.code().message() + ")");
  }
  first_made_.clear();
}

}  // namespace tactus::io
