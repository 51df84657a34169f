// The parsers fed damaged bytes: a file opens, and then every tensor can be read, or an Error is thrown. Seeded.
#include "scratch.h"
#include "tactus/checkpoint/tensor_source.h"
#include "tactus/random.h"

namespace tactus::checkpoint {
namespace {

const fs::path kFuzzData = fs::path(TACTUS_TEST_DATA) / "checkpoint";

std::string damaged(std::string bytes, Random& random) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (size < 8) return bytes;
  switch (random.below(6)) {
    case 0:
      for (std::uint32_t n = 1 + random.below(4); n > 0; --n) bytes[random.below(size)] ^= static_cast<char>(1U << random.below(8));
      break;
    case 1: {
      static constexpr char kValues[] = {0, 1, 127, -128, -1, '9', '-', '{', 'Q', 'R', '(', '}'};
      for (std::uint32_t n = 1 + random.below(8); n > 0; --n) bytes[random.below(size)] = kValues[random.below(sizeof kValues)];
      break;
    }
    case 2: {
      const auto at = random.below(size - 4);
      bytes.replace(at, 4, random.below(2) == 0 ? std::string(4, '\xff') : std::string("\0\0\0\x80", 4));
      break;
    }
    case 3: bytes.resize(random.below(size)); break;
    case 4: {
      const auto at = random.below(size);
      bytes.insert(at, bytes.substr(random.below(size), random.below(64)));
      break;
    }
    default: bytes.erase(random.below(size), random.below(64));
  }
  return bytes;
}

struct Outcome {
  int opened = 0, refused = 0;
};

Outcome fuzz(const char* name, int rounds) {
  const Scratch scratch;
  const std::string good = content(kFuzzData / name);
  Random random(17);
  Outcome outcome;
  for (int i = 0; i < rounds; ++i) {
    std::string bytes = damaged(good, random);
    if (random.below(4) == 0) bytes = damaged(bytes, random);
    const auto file = scratch.file("damaged", bytes);
    try {
      const auto source = open_tensors(file);
      std::int64_t total = 0;
      for (const TensorInfo& info : source->tensors()) {
        const at::Tensor tensor = source->read(info.name);
        EXPECT_TRUE(tensor.is_contiguous());
        total += static_cast<std::int64_t>(tensor.nbytes());
        std::string copy(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());   // every byte is there
      }
      EXPECT_LT(total, 64 << 20) << name << " round " << i;
      ++outcome.opened;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_input) << error.what();
      ++outcome.refused;
    } catch (const std::exception& error) {
      ADD_FAILURE() << name << " round " << i << ": " << error.what();
    }
  }
  return outcome;
}

TEST(Fuzz, EveryFormat) {
  for (const char* name : {"kinds.safetensors", "views.bin", "training.pt", "protocol5.pt", "zip64.pth", "nested.pt"}) {
    const Outcome outcome = fuzz(name, 900);
    EXPECT_GT(outcome.opened, 10) << name;
    EXPECT_GT(outcome.refused, 100) << name;
  }
}

// Noise, with and without the first bytes of an archive.
TEST(Fuzz, BytesThatAreNoFile) {
  const Scratch scratch;
  Random random(5);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random.below(300), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    if (i % 3 == 0) bytes.insert(0, "PK\x03\x04");
    const auto file = scratch.file("noise", bytes);
    refusal([&] { open_tensors(file); });
  }
}

}  // namespace
}  // namespace tactus::checkpoint
