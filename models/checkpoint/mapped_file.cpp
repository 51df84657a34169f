#include "mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tactus/error.h"

namespace tactus::checkpoint {

MappedFile::MappedFile(std::filesystem::path path) : path_(std::move(path)) {
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    throw bad_input(path_.string() + (errno == ENOENT ? ": there is no such file" : ": the file could not be opened (" +
                                          std::string(std::strerror(errno)) + ")"));
  }
  struct stat status {};
  const bool known = ::fstat(file, &status) == 0;
  if (!known || !S_ISREG(status.st_mode) || status.st_size == 0) {
    ::close(file);
    throw bad_input(path_.string() + (known && S_ISREG(status.st_mode) ? ": the file is empty; fetch it again" : ": this is not a file"));
  }
  size_ = static_cast<std::size_t>(status.st_size);
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file, 0);
  const int why = errno;
  ::close(file);
  if (mapped == MAP_FAILED)
    throw cannot_run(path_.string() + ": the file could not be mapped into memory (" + std::strerror(why) + ")");
  data_ = static_cast<const std::uint8_t*>(mapped);
}

MappedFile::~MappedFile() { ::munmap(const_cast<std::uint8_t*>(data_), size_); }

void MappedFile::forget(std::uint64_t offset, std::uint64_t count) const {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const std::uint64_t begin = (offset + page - 1) / page * page, end = (offset + count) / page * page;
  if (begin < end && end <= size_) ::madvise(const_cast<std::uint8_t*>(data_) + begin, end - begin, MADV_DONTNEED);
}

}  // namespace tactus::checkpoint
