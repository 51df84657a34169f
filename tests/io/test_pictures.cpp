// Pictures and masks. data/ is written by make_fixtures.py: a 40×32 pattern, red 6·column, green 7·row, blue 200 in the
// left upper quarter, else 40.
#include <zlib.h>

#include <algorithm>
#include <array>

#include "helpers.h"
#include "tactus/io/picture.h"

namespace tactus::io {
namespace {

constexpr int kWidth = 40, kHeight = 32;

std::array<int, 3> pattern(int column, int row) { return {6 * column, 7 * row, row < kHeight / 2 && column < kWidth / 2 ? 200 : 40}; }

void expect_pattern(const ImageU8& picture, int tolerance, const std::string& name) {
  ASSERT_EQ(picture.width, kWidth) << name;
  ASSERT_EQ(picture.height, kHeight) << name;
  ASSERT_EQ(picture.channels, 3) << name;
  double sum = 0.0;
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      const auto wanted = pattern(column, row);
      for (int k = 0; k < 3; ++k) {
        const int difference = std::abs(picture.at(column, row, k) - wanted[static_cast<std::size_t>(k)]);
        sum += difference;
        // JPEG rings at the blue edge.
        const bool edge = k == 2 && (std::abs(column - kWidth / 2) < 9 || std::abs(row - kHeight / 2) < 9);
        if (tolerance == 0 || !edge) {
          ASSERT_LE(difference, tolerance) << name << " at " << column << ", " << row << ", channel " << k;
        }
      }
    }
  }
  EXPECT_LE(sum / (kWidth * kHeight * 3), tolerance / 4.0) << name;
}

std::string big32(std::uint32_t v) {
  return {static_cast<char>(v >> 24U), static_cast<char>(v >> 16U), static_cast<char>(v >> 8U), static_cast<char>(v)};
}

// A whole grey PNG with every pixel `value`.
std::string grey_png(std::uint32_t width, std::uint32_t height, char value = 'c') {
  const auto chunk = [](const std::string& kind, const std::string& body) {
    const std::string both = kind + body;
    return big32(static_cast<std::uint32_t>(body.size())) + both +
           big32(static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(both.data()), static_cast<uInt>(both.size()))));
  };
  std::string rows;
  for (std::uint32_t r = 0; r < height; ++r) rows += '\0' + std::string(width, value);
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", big32(width) + big32(height) + std::string("\x08\0\0\0\0", 5)) + chunk("IDAT", packed) + chunk("IEND", "");
}

TEST(ReadPicture, EveryOrientationComesUpright) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string name = "orientation" + std::to_string(orientation) + ".jpg";
    expect_pattern(read_picture(data(name)), 8, name);
  }
}

TEST(ReadPicture, FormatsAndDepthsShowTheSamePicture) {
  for (const char* name : {"rgb16.png", "small.webp", "small.tiff", "small.bmp"}) expect_pattern(read_picture(data(name)), 0, name);
  expect_pattern(read_picture(data("progressive.jpg")), 8, "progressive.jpg");
  const auto palette = read_picture(data("palette.png"));
  EXPECT_EQ(palette.width, kWidth);
  EXPECT_EQ(palette.channels, 3);
}

TEST(ReadPicture, GreyBecomesRgb) {
  const auto picture = read_picture(data("grey16.png"));
  ASSERT_EQ(picture.channels, 3);
  for (int column = 0; column < kWidth; ++column)
    for (int k = 0; k < 3; ++k) EXPECT_EQ(picture.at(column, 5, k), 6 * column);
}

TEST(ReadPicture, AlphaIsOverWhite) {
  const auto picture = read_picture(data("rgba16.png"));
  for (int row = 0; row < kHeight; ++row) {
    for (int column = 0; column < kWidth; ++column) {
      const double alpha = column < kWidth / 2 ? 1.0 : 16384.0 / 65535.0;
      for (int k = 0; k < 3; ++k) {
        const double wanted = alpha * pattern(column, row)[static_cast<std::size_t>(k)] + (1.0 - alpha) * 255.0;
        ASSERT_NEAR(picture.at(column, row, k), wanted, 1.0) << column << ", " << row;
      }
    }
  }
  const auto grey = read_picture(data("grey_alpha.png"));
  EXPECT_NEAR(grey.at(10, 0, 1), 64.0 / 255.0 * 60.0 + 191.0 / 255.0 * 255.0, 1.0);
}

TEST(ReadPicture, CmykIsReadAsSeen) { expect_pattern(read_picture(data("cmyk.jpg")), 30, "cmyk.jpg"); }

TEST(ReadPicture, RefusesWhatIsNoPicture) {
  const Folder folder;
  const auto refused = [&](const fs::path& file, const std::vector<std::string>& words) { expect_refused([&] { read_picture(file); }, words); };
  refused(folder / "absent.png", {"absent.png", "could not be opened"});
  refused(folder.path(), {"this is a folder"});
  refused(folder.file("empty.png", ""), {"empty.png", "not a picture", "PNG, JPEG"});
  refused(folder.file("text.jpg", "Dear reader, this is a letter."), {"text.jpg", "not a picture"});
  refused(folder.file("one.png", grey_png(1, 1)), {"one.png", "1×1", "at least 32 a side"});
  refused(folder.file("thin.png", grey_png(400, 31)), {"400×31", "at least 32"});
  refused(folder.file("zip.png", std::string("PK\x03\x04") + std::string(100, 'x')), {"not a picture"});
  EXPECT_EQ(read_picture(folder.file("least.png", grey_png(32, 32))).width, 32);
}

TEST(ReadPicture, RefusesHugePicturesByTheirHeader) {
  const Folder folder;
  std::string png = grey_png(64, 64);
  png.replace(16, 8, big32(20000) + big32(20000));
  expect_refused([&] { read_picture(folder.file("huge.png", png)); }, {"huge.png", "20000×20000", "100 megapixels"});
  std::string bmp = content(data("small.bmp"));
  bmp.replace(18, 8, std::string("\x20\x4e\0\0\x20\x4e\0\0", 8));
  expect_refused([&] { read_picture(folder.file("huge.bmp", bmp)); }, {"20000×20000"});
  std::string jpeg = content(data("progressive.jpg"));
  const auto frame = jpeg.find("\xff\xc2");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\x4e\x20\x4e\x20");
  expect_refused([&] { read_picture(folder.file("huge.jpg", jpeg)); }, {"20000×20000"});
}

TEST(ReadPicture, EveryCutIsRefusedOrReadWhole) {
  const Folder folder;
  for (const char* name : {"rgb16.png", "palette.png", "orientation6.jpg", "progressive.jpg", "cmyk.jpg", "small.webp", "small.bmp", "small.tiff"}) {
    const std::string whole = content(data(name));
    const bool must = std::string(name).ends_with("png") || std::string(name).ends_with("jpg") || std::string(name).ends_with("webp");
    const std::size_t step = std::max<std::size_t>(1, whole.size() / 150);
    for (std::size_t size = 0; size < whole.size(); size += step) {
      const auto file = folder.file(name, whole.substr(0, size));
      const std::string what = std::string(name) + " cut to " + std::to_string(size);
      const bool loaded = loads_or_refuses([&] { read_picture(file); }, what);
      if (must) {
        EXPECT_FALSE(loaded) << what;
      }
    }
  }
}

TEST(ReadMask, AnyNonZeroChannelIsInside) {
  const Folder folder;
  const auto mask = read_mask(folder.file("mask.png", grey_png(64, 48, '\x01')), 64, 48);
  ASSERT_EQ(mask.channels, 1);
  EXPECT_TRUE(std::all_of(mask.data.begin(), mask.data.end(), [](int v) { return v == 255; }));
  // The pattern is black nowhere but its blue is not zero either: all inside.
  EXPECT_EQ(read_mask(data("rgb16.png"), kWidth, kHeight).at(0, 0), 255);
}

TEST(ReadMask, RefusesAnotherSizeAndNothingInside) {
  const Folder folder;
  expect_refused([&] { read_mask(folder.file("mask.png", grey_png(40, 40)), 512, 384); },
                 {"mask.png", "40×40", "512×384", "save it at the photograph's size"});
  expect_refused([&] { read_mask(folder.file("black.png", grey_png(64, 64, '\0')), 64, 64); }, {"black.png", "empty"});
  expect_refused([&] { read_mask(folder / "absent.png", 64, 64); }, {"absent.png"});
}

TEST(WritePicture, ComesBackAndIsTheSameTwice) {
  const Folder folder;
  ImageU8 picture(50, 41, 3);
  for (std::size_t i = 0; i < picture.data.size(); ++i) picture.data[i] = static_cast<std::uint8_t>(i * 7919 / 13);
  const ImageU8 before = picture;
  write_picture(folder / "a.png", picture);
  EXPECT_EQ(picture, before) << "writing changed the picture";
  write_picture(folder / "b.png", picture);
  EXPECT_EQ(read_picture(folder / "a.png"), picture);
  EXPECT_EQ(content(folder / "a.png"), content(folder / "b.png"));
  expect_refused([&] { write_picture(folder / "a.xyz", picture); }, {"a.xyz", ".png or .jpg"});
  expect_refused([&] { write_picture(folder / "absent/a.png", picture); }, {"absent/a.png", "could not be written"}, ErrorKind::cannot_run);
  EXPECT_EQ(folder.count(), 2U);
}

}  // namespace
}  // namespace tactus::io
