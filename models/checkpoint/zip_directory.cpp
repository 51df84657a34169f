#include "zip_directory.h"

#include <cstring>
#include <limits>

#include "tactus/error.h"

namespace tactus::checkpoint {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50, kDirectoryEntry = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;

class Reader {
 public:
  explicit Reader(const MappedFile& file) : bytes_(file.bytes()), name_(file.path().string()) {}

  std::map<std::string, ZipEntry> run() {
    find_directory();
    std::map<std::string, ZipEntry> entries;
    for (std::uint64_t i = 0; i < count_; ++i) read_entry(entries);
    return entries;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { throw bad_input(name_ + ": " + why); }

  template <typename T>
  T number(std::uint64_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) refuse("the archive's directory is damaged or cut off; fetch the file again");
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof value);   // little-endian, as the machines that Tactus runs on
    return value;
  }

  void find_directory() {
    constexpr std::uint64_t kEndSize = 22, kLongestComment = 65535;
    const std::uint64_t n = bytes_.size();
    const std::uint64_t lowest = n > kEndSize + kLongestComment ? n - kEndSize - kLongestComment : 0;
    std::uint64_t end = n >= kEndSize ? n - kEndSize + 1 : 0;
    do {
      if (end == lowest) refuse("the archive's end is missing: the file is cut off; fetch it again");
      --end;
    } while (number<std::uint32_t>(end) != kEnd);
    count_ = number<std::uint16_t>(end + 10);
    at_ = number<std::uint32_t>(end + 16);
    if (end >= 20 && number<std::uint32_t>(end - 20) == kEnd64Locator) {
      const auto record = number<std::uint64_t>(end - 12);
      if (number<std::uint32_t>(record) != kEnd64) refuse("the archive's directory is damaged");
      count_ = number<std::uint64_t>(record + 32);
      at_ = number<std::uint64_t>(record + 48);
    }
  }

  void read_entry(std::map<std::string, ZipEntry>& entries) {
    if (number<std::uint32_t>(at_) != kDirectoryEntry) refuse("the archive's directory is damaged");
    const auto flags = number<std::uint16_t>(at_ + 8), method = number<std::uint16_t>(at_ + 10);
    std::uint64_t packed = number<std::uint32_t>(at_ + 20), size = number<std::uint32_t>(at_ + 24);
    std::uint64_t local = number<std::uint32_t>(at_ + 42);
    const std::uint64_t name_length = number<std::uint16_t>(at_ + 28), extra = number<std::uint16_t>(at_ + 30),
                        comment = number<std::uint16_t>(at_ + 32);
    const std::uint64_t after = at_ + 46 + name_length;
    if (after + extra + comment > bytes_.size()) refuse("the archive's directory is cut off; fetch the file again");
    const std::string name(reinterpret_cast<const char*>(bytes_.data()) + at_ + 46, name_length);
    read_wide_numbers(after, after + extra, {&size, &packed, &local});
    at_ = after + extra + comment;

    if ((flags & 1U) != 0) refuse("the entry " + name + " is encrypted");
    if (number<std::uint32_t>(local) != kLocalHeader) refuse("the entry " + name + " is damaged");
    const std::uint64_t data = local + 30 + number<std::uint16_t>(local + 26) + number<std::uint16_t>(local + 28);
    if (data > bytes_.size() || packed > bytes_.size() - data) refuse("the entry " + name + " is cut off; fetch the file again");
    if (!entries.emplace(name, ZipEntry{data, packed, method != 0 || packed != size}).second) refuse("the entry " + name + " stands twice in the archive");
  }

  // Numbers of 2³² - 1 stand in the extra field number 1, in this order.
  void read_wide_numbers(std::uint64_t at, std::uint64_t end, std::initializer_list<std::uint64_t*> numbers) const {
    while (at + 4 <= end) {
      const std::uint64_t id = number<std::uint16_t>(at), next = at + 4 + number<std::uint16_t>(at + 2);
      if (next > end) return;
      at += 4;
      if (id == 1) {
        for (std::uint64_t* value : numbers) {
          if (*value != std::numeric_limits<std::uint32_t>::max() || at + 8 > next) continue;
          *value = number<std::uint64_t>(at);
          at += 8;
        }
      }
      at = next;
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::string name_;
  std::uint64_t at_ = 0, count_ = 0;
};

}  // namespace

std::map<std::string, ZipEntry> read_zip_directory(const MappedFile& file) { return Reader(file).run(); }

}  // namespace tactus::checkpoint
