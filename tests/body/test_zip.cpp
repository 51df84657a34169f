// The zip reader, compressed streams and .npy headers: whole, damaged, cut off and hostile.
#include <gtest/gtest.h>

#include "expect_refused.h"
#include "fixture.h"
#include "npz_writer.h"
#include "scratch_folder.h"
#include "tactus/random.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

std::string fixture_text(const std::string& name) { return text_of(read_file(fs::path(TACTUS_FIXTURES) / name)); }

// Reads every entry; the names that could be read.
std::size_t read_all(const fs::path& file) {
  const ZipReader archive(file);
  for (const auto& name : archive.names()) archive.read(name);
  return archive.names().size();
}

TEST(Zip, StoredAndDeflatedEntriesAreRead) {
  const ScratchFolder folder("zip");
  const std::string text(5000, 'x');
  write_bytes(folder / "a.zip", zip_of({{"stored", "abc"}, {"deflated", text, 8}, {"empty", ""}, {"empty8", "", 8}}));
  const ZipReader archive(folder / "a.zip");
  EXPECT_EQ(archive.names(), (std::vector<std::string>{"deflated", "empty", "empty8", "stored"}));
  EXPECT_EQ(text_of(archive.read("stored")), "abc");
  EXPECT_EQ(text_of(archive.read("deflated")), text);
  EXPECT_TRUE(archive.read("empty").empty());
  EXPECT_TRUE(archive.read("empty8").empty());
  EXPECT_TRUE(archive.has("stored"));
  EXPECT_FALSE(archive.has("stor"));
  expect_refused([&] { archive.read("other"); }, "other is missing");
}

TEST(Zip, ACommentBehindTheEndIsAllowed) {
  const ScratchFolder folder("zip_comment");
  std::string bytes = zip_of({{"a", "abc"}});
  bytes[bytes.size() - 2] = 60;
  write_bytes(folder / "a.zip", bytes + std::string(60, 'c'));
  EXPECT_EQ(text_of(ZipReader(folder / "a.zip").read("a")), "abc");
}

TEST(Zip, HostileEntriesAreRefused) {
  const ScratchFolder folder("zip_hostile");
  const auto refused = [&](const ZipEntry& entry, const std::string& word) {
    write_bytes(folder / "a.zip", zip_of({entry}));
    expect_refused([&] { ZipReader(folder / "a.zip").read(entry.name); }, word);
  };
  refused({.name = "a", .content = "abc", .wrong_checksum = true}, "checksum");
  refused({.name = "a", .content = "abc", .method = 8, .wrong_checksum = true}, "checksum");
  refused({.name = "a", .content = "abc", .method = 12}, "not supported");
  refused({.name = "a", .content = "abc", .flags = 1}, "encrypted");
  refused({.name = "a", .content = "abc", .stated_size = 4}, "damaged");
  refused({.name = "a", .content = "abc", .method = 8, .stated_size = 4}, "damaged");
  refused({.name = "a", .content = "abc", .method = 8, .stated_size = 2}, "damaged");
  refused({.name = "a", .content = "abc", .method = 8, .stated_size = std::uint64_t{1} << 31}, "damaged");
  refused({.name = "a", .content = "abc", .method = 8, .stated_size = std::uint64_t{1} << 60}, "4 GiB");
}

TEST(Zip, CutOffArchivesAreRefusedWhereverTheyEnd) {
  const ScratchFolder folder("zip_cut");
  const std::string small = zip_of({{"a", "abc"}, {"b", std::string(900, 'b'), 8}});
  for (std::size_t n = 0; n < small.size(); ++n) {
    write_bytes(folder / "cut.zip", small.substr(0, n));
    EXPECT_THROW(read_all(folder / "cut.zip"), Error) << n;
  }
  const std::string large = fixture_text("smpl_small.npz");
  for (std::size_t n = 0; n < large.size(); n += 211) {
    write_bytes(folder / "cut.zip", large.substr(0, n));
    EXPECT_THROW(read_all(folder / "cut.zip"), Error) << n;
  }
  // Bytes lost from the front shift every offset.
  for (std::size_t n = 1; n < large.size(); n += 997) {
    write_bytes(folder / "cut.zip", large.substr(n));
    EXPECT_THROW(read_all(folder / "cut.zip"), Error) << n;
  }
}

TEST(Zip, ChangedBytesAreReadOrRefused) {
  const ScratchFolder folder("zip_changed");
  const std::string whole = zip_of({{"a", "abc"}, {"b", std::string(900, 'b'), 8}, {"big", "x"}});
  int refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int value : {0x00, 0x7f, 0xff}) {
      std::string changed = whole;
      changed[at] = static_cast<char>(value);
      write_bytes(folder / "changed.zip", changed);
      try {
        read_all(folder / "changed.zip");
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::bad_input);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(Zip, Zip64DirectoriesOutsideTheFileAreRefused) {
  const ScratchFolder folder("zip64");
  const std::string whole = zip_of({{"a", "abc"}});
  const std::string end = whole.substr(whole.size() - 22);
  for (const std::uint64_t record : {std::uint64_t{0}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::string bytes = whole.substr(0, whole.size() - 22);
    append_number(bytes, 0x07064b50U, 4);
    append_number(bytes, 0, 4);
    append_number(bytes, record, 8);
    append_number(bytes, 1, 4);
    write_bytes(folder / "a.zip", bytes + end);
    expect_refused([&] { ZipReader(folder / "a.zip"); }, "directory is damaged");
  }
  // A record that promises 2⁶⁴ - 1 entries.
  std::string bytes = whole.substr(0, whole.size() - 22);
  const std::uint64_t record = bytes.size();
  append_number(bytes, 0x06064b50U, 4);
  append_number(bytes, 44, 8);
  bytes += std::string(20, '\0');
  append_number(bytes, ~std::uint64_t{0}, 8);
  append_number(bytes, 49, 8);
  append_number(bytes, 33 + 1, 8);
  append_number(bytes, 0x07064b50U, 4);
  append_number(bytes, 0, 4);
  append_number(bytes, record, 8);
  append_number(bytes, 1, 4);
  write_bytes(folder / "a.zip", bytes + end);
  expect_refused([&] { ZipReader(folder / "a.zip"); }, "directory");
}

TEST(Zip, OtherFilesAreRefusedByName) {
  const ScratchFolder folder("zip_other");
  write_bytes(folder / "empty.npz", "");
  expect_refused([&] { ZipReader(folder / "empty.npz"); }, "empty.npz");
  write_bytes(folder / "text.npz", std::string(100'000, 't'));
  expect_refused([&] { ZipReader(folder / "text.npz"); }, "not a zip archive");
  expect_refused([&] { ZipReader(folder / "none.npz"); }, "could not be opened");
  expect_refused([&] { ZipReader(folder.path()); }, "folder");
}

TEST(Streams, CompressedOnesAreReadAndDamagedOnesRefused) {
  const Bytes packed = read_file(fs::path(TACTUS_FIXTURES) / "joblib_zlib.pkl");
  const Bytes whole = decompressed(packed, "stream");
  EXPECT_GT(whole.size(), packed.size());
  EXPECT_EQ(whole.at(0), 0x80);
  for (std::size_t n = 3; n < packed.size(); ++n) {
    const Bytes cut(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(n));
    expect_refused([&] { decompressed(cut, "stream"); }, "cut off");
  }
  std::size_t refused = 0;
  for (std::size_t at = 2; at < packed.size(); ++at) {
    Bytes changed = packed;
    changed[at] ^= 0x10U;
    try {
      EXPECT_EQ(decompressed(changed, "stream"), whole) << at;   // another way to say the same bytes
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, packed.size() - 10);
  const Bytes plain = {'a', 'b', 'c', 'd'};
  EXPECT_EQ(decompressed(plain, "stream"), plain);
  EXPECT_TRUE(decompressed({}, "stream").empty());

  const ScratchFolder folder("gzip");
  gzFile file = gzopen((folder / "a.gz").c_str(), "wb");
  gzwrite(file, std::string(70'000, 'g').data(), 70'000);
  gzclose(file);
  EXPECT_EQ(read_gzip(folder / "a.gz"), std::string(70'000, 'g'));
  EXPECT_EQ(decompressed(read_file(folder / "a.gz"), "stream").size(), 70'000U);
  fs::resize_file(folder / "a.gz", fs::file_size(folder / "a.gz") - 9);
  EXPECT_THROW(read_gzip(folder / "a.gz"), Error);
  EXPECT_THROW(read_gzip(folder / "none.gz"), Error);
}

Bytes npy_bytes(const std::string& header, const std::string& data, char version = 1) {
  std::string out("\x93NUMPY", 6);
  out += version;
  out += '\0';
  append_number(out, header.size(), version >= 2 ? 4 : 2);
  out += header + data;
  return {out.begin(), out.end()};
}

TEST(Npy, EveryNumberTypeIsRead) {
  const auto values = [](const std::string& dtype, const std::string& data, const std::string& shape = "(2,)",
                         const std::string& order = "False") {
    return numeric_array(
        *read_npy(npy_bytes("{'descr': '" + dtype + "', 'fortran_order': " + order + ", 'shape': " + shape + "}", data),
                  "array"),
        "array").values;
  };
  using Values = std::vector<double>;
  EXPECT_EQ(values("|u1", "\x01\xff"), (Values{1, 255}));
  EXPECT_EQ(values("|i1", "\x01\xff"), (Values{1, -1}));
  EXPECT_EQ(values("|b1", std::string("\x01\0", 2)), (Values{1, 0}));
  EXPECT_EQ(values("<u2", std::string("\x01\0\xff\xff", 4)), (Values{1, 65535}));
  EXPECT_EQ(values("<i2", std::string("\x01\0\xff\xff", 4)), (Values{1, -1}));
  EXPECT_EQ(values("<i4", std::string("\x01\0\0\0\xfe\xff\xff\xff", 8)), (Values{1, -2}));
  EXPECT_EQ(values("<u4", std::string("\x01\0\0\0\xff\xff\xff\xff", 8)), (Values{1, 4294967295.0}));
  EXPECT_EQ(values("<i8", std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8), "(1,)"), (Values{-1}));
  EXPECT_EQ(values("<u8", std::string("\x02\0\0\0\0\0\0\0", 8), "()"), (Values{2}));
  EXPECT_EQ(values("<f4", std::string("\0\0\x80\x3f\0\0\0\xc0", 8)), (Values{1, -2}));
  // 1.5, the smallest subnormal
  EXPECT_EQ(values("<f2", std::string("\0\x3e\x01\0", 4)), (Values{1.5, 0x1p-24}));
  EXPECT_EQ(values("|u1", "abcdef", "(2, 3)", "True"), (Values{'a', 'c', 'e', 'b', 'd', 'f'}));
  EXPECT_TRUE(values("<f8", "", "(0, 3)").empty());
}

TEST(Npy, DamageIsRefusedInWords) {
  const auto refused = [](const Bytes& bytes, const std::string& word) {
    expect_refused([&] { numeric_array(*read_npy(bytes, "array"), "array"); }, word);
  };
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}";
  refused(npy_bytes(header, "1234567"), "shape");
  refused(npy_bytes(header, "123456789"), "shape");
  refused({'a'}, "NumPy");
  refused(npy_bytes("{'descr': '|O', 'shape': (1,)}", "12345678"), "Python objects");
  refused(npy_bytes("{'descr': '>f8', 'shape': (1,)}", "12345678"), "big-endian");
  refused(npy_bytes("{'descr': '<c16', 'shape': (1,)}", "1234567812345678"), "<c16");
  refused(npy_bytes("{'descr': [('x', '<f8')], 'shape': (1,)}", "12345678"), "type");
  refused(npy_bytes("{'descr': '<f8', 'shape': 1}", "12345678"), "shape");
  refused(npy_bytes("{'descr': '<f8', 'shape': (-1,)}", "12345678"), "shape");
  refused(npy_bytes("{'descr': '<f8', 'shape': (99999999999999999999,)}", "12345678"), "shape");
  refused(npy_bytes("{'descr': '<f8', 'shape': (4294967296, 4294967296, 4294967296)}", "12345678"), "shape");
  Bytes long_header = npy_bytes(header, "12345678", 2);
  long_header[11] = 0x7f;
  refused(long_header, "cut off");
  Random random(33);
  const Bytes whole = npy_bytes(header, "12345678");
  for (int i = 0; i < 3000; ++i) {
    Bytes changed = whole;
    for (int k = 0; k < 2; ++k)
      changed[random.below(static_cast<std::uint32_t>(changed.size()))] = static_cast<std::uint8_t>(random.below(256));
    changed.resize(changed.size() - random.below(3));
    try {
      numeric_array(*read_npy(changed, "array"), "array");
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace tactus::io
