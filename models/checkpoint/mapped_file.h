// A file in memory, read only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace tactus::checkpoint {

class MappedFile {
 public:
  // Error{bad_input}: missing, a folder, empty, not permitted. Error{cannot_run}: no address space for it.
  explicit MappedFile(std::filesystem::path path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::uint8_t> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }
  // The pages inside [offset, offset + count) need not stay in this process's memory; they come back when touched.
  void forget(std::uint64_t offset, std::uint64_t count) const;

 private:
  std::filesystem::path path_;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace tactus::checkpoint
