#include "tactus/io/picture.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <mutex>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "atomic_file.h"

namespace tactus::io {
namespace {

constexpr std::uintmax_t kLargestPictureFile = 1'000'000'000;   // bytes

using Bytes = std::vector<unsigned char>;

Bytes bytes_of(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) throw bad_input(file.string() + ": this is a folder; name a picture");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw bad_input(file.string() + ": the file could not be opened; check its name and permissions");
  const auto size = std::filesystem::file_size(file, error);
  if (error) throw bad_input(file.string() + ": this is not a plain file; name a picture");
  if (size > kLargestPictureFile) throw bad_input(file.string() + ": the file is larger than 1 GB; make the picture smaller");
  Bytes bytes(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream) throw bad_input(file.string() + ": the file could not be read to its end");
  return bytes;
}

unsigned big16(const Bytes& b, std::size_t at) { return (unsigned{b[at]} << 8U) | b[at + 1]; }
std::uint64_t big32(const Bytes& b, std::size_t at) { return (std::uint64_t{big16(b, at)} << 16U) | big16(b, at + 2); }
std::uint64_t little(const Bytes& b, std::size_t at, int bytes) {
  std::uint64_t value = 0;
  for (int k = bytes - 1; k >= 0; --k) value = (value << 8U) | b[at + static_cast<std::size_t>(k)];
  return value;
}

enum class Format { unknown, png, jpeg, tiff, bmp, webp };

Format format_of(const Bytes& b) {
  const auto starts = [&](std::string_view magic, std::size_t at = 0) {
    return b.size() > at + magic.size() && std::equal(magic.begin(), magic.end(), b.begin() + static_cast<std::ptrdiff_t>(at),
                                                      [](char m, unsigned char c) { return static_cast<unsigned char>(m) == c; });
  };
  if (starts("\x89PNG\r\n\x1a\n")) return Format::png;
  if (starts("\xff\xd8\xff")) return Format::jpeg;
  if (starts(std::string_view("II*\0", 4)) || starts(std::string_view("MM\0*", 4))) return Format::tiff;
  if (starts("BM")) return Format::bmp;
  if (starts("RIFF") && starts("WEBP", 8)) return Format::webp;
  return Format::unknown;
}

struct Announced {
  double width = 0, height = 0;
  bool whole = true;          // nothing is missing at the end, as far as the format tells
  bool inverted_cmyk = true;  // JPEG: four inks written the Adobe way, which the decoder assumes
};

// Chunks and their checksums, so that the decoder never meets a damaged one (it writes to the terminal).
Announced announced_png(const Bytes& b) {
  Announced a;
  a.whole = false;
  for (std::size_t at = 8; at + 12 <= b.size();) {
    const auto length = big32(b, at);
    if (length > b.size() - at - 12) return a;
    const std::string_view kind(reinterpret_cast<const char*>(b.data()) + at + 4, 4);
    if (kind == "IHDR" && length == 13) a.width = static_cast<double>(big32(b, at + 8)), a.height = static_cast<double>(big32(b, at + 12));
    if (crc32(0, b.data() + at + 4, static_cast<uInt>(length) + 4) != big32(b, at + 8 + length)) return a;
    if (kind == "IEND") {
      a.whole = a.width > 0;
      return a;
    }
    at += 12 + length;
  }
  return a;
}

// Segments up to the end marker; inside the scan's data FF is followed by 00 or a restart marker.
Announced announced_jpeg(const Bytes& b) {
  Announced a;
  a.whole = false;
  int components = 0;
  bool adobe = false;
  for (std::size_t at = 2; at + 1 < b.size();) {
    if (b[at] != 0xff) {
      ++at;
      continue;
    }
    const unsigned marker = b[at + 1];
    if (marker == 0xd9) {
      a.whole = a.width > 0;
      break;
    }
    if (marker == 0xff) {
      ++at;
    } else if (marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
    } else {
      if (at + 9 >= b.size()) break;
      if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
        a.width = big16(b, at + 7);
        a.height = big16(b, at + 5);
        components = b[at + 9];
      }
      if (marker == 0xee && at + 8 < b.size() && std::equal(b.begin() + static_cast<std::ptrdiff_t>(at) + 4, b.begin() + static_cast<std::ptrdiff_t>(at) + 9, "Adobe")) adobe = true;
      at += 2 + std::size_t{big16(b, at + 2)};
    }
  }
  a.inverted_cmyk = components != 4 || adobe;
  return a;
}

Announced announced_tiff(const Bytes& b) {
  Announced a;
  const bool big = b[0] == 'M';
  const auto number = [&](std::size_t at, int bytes) { return !big ? little(b, at, bytes) : bytes == 2 ? big16(b, at) : big32(b, at); };
  if (b.size() < 10) return a;
  const auto directory = number(4, 4);
  if (directory > b.size() - 2) return a;
  const auto entries = number(directory, 2);
  for (std::uint64_t i = 0; i < entries && directory + 2 + 12 * (i + 1) <= b.size(); ++i) {
    const std::size_t at = directory + 2 + 12 * i;
    const auto tag = number(at, 2);
    const auto value = static_cast<double>(number(at + 2, 2) == 3 ? number(at + 8, 2) : number(at + 8, 4));
    if (tag == 256) a.width = value;
    if (tag == 257) a.height = value;
  }
  return a;
}

Announced announced_webp(const Bytes& b) {
  Announced a;
  if (b.size() < 30) return a;
  const std::string_view kind(reinterpret_cast<const char*>(b.data()) + 12, 4);
  if (kind == "VP8X") a.width = static_cast<double>(little(b, 24, 3)) + 1, a.height = static_cast<double>(little(b, 27, 3)) + 1;
  if (kind == "VP8 ") a.width = static_cast<double>(little(b, 26, 2) & 0x3fffU), a.height = static_cast<double>(little(b, 28, 2) & 0x3fffU);
  if (kind == "VP8L") {
    const auto bits = little(b, 21, 4);
    a.width = static_cast<double>(bits & 0x3fffU) + 1;
    a.height = static_cast<double>((bits >> 14U) & 0x3fffU) + 1;
  }
  a.whole = little(b, 4, 4) + 8 <= b.size();
  return a;
}

// Size from the header, before anything is decoded; 0×0 where the file does not say.
Announced announced(const Bytes& b, Format format) {
  switch (format) {
    case Format::png: return announced_png(b);
    case Format::jpeg: return announced_jpeg(b);
    case Format::tiff: return announced_tiff(b);
    case Format::webp: return announced_webp(b);
    case Format::bmp: {
      Announced a;
      if (b.size() < 30) return a;
      const auto signed32 = [&](std::size_t at) { return static_cast<double>(static_cast<std::int32_t>(little(b, at, 4))); };
      a.width = std::abs(signed32(18));
      a.height = std::abs(signed32(22));
      return a;
    }
    case Format::unknown: break;
  }
  return {};
}

std::string times(double width, double height) {
  return std::to_string(static_cast<long>(width)) + "×" + std::to_string(static_cast<long>(height));
}

void check_size(const std::string& name, double width, double height) {
  if (width * height > kMostPixels)
    throw bad_input(name + ": the picture is " + times(width, height) + " pixels; at most 100 megapixels are read, so make it smaller");
  if (width < kSmallestSide || height < kSmallestSide)
    throw bad_input(name + ": the picture is " + times(width, height) + " pixels; at least 32 a side are needed");
}

// The decoders write to standard error about damaged pictures; what is wrong is said by the exception instead.
class Silence {
 public:
  Silence() : lock_(mutex()) {
    std::fflush(stderr);
    kept_ = ::dup(STDERR_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY);
    if (kept_ >= 0 && nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
    if (nowhere >= 0) ::close(nowhere);
  }
  ~Silence() {
    std::fflush(stderr);
    if (kept_ < 0) return;
    ::dup2(kept_, STDERR_FILENO);
    ::close(kept_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex the_mutex;
    return the_mutex;
  }
  std::lock_guard<std::mutex> lock_;
  int kept_ = -1;
};

struct Decoded {
  cv::Mat mat;
  bool inverted_cmyk = true;
};

Decoded decode(const std::filesystem::path& file, int flags) {
  const auto bytes = bytes_of(file);
  const std::string name = file.filename();
  const Format format = format_of(bytes);
  if (format == Format::unknown) throw bad_input(name + ": this is not a picture that can be read; PNG, JPEG, TIFF, BMP and WebP are understood");
  const Announced header = announced(bytes, format);
  if (header.width > 0 && header.height > 0) check_size(name, header.width, header.height);
  if (!header.whole) throw bad_input(name + ": the picture is cut off or damaged; copy or save it again");
  cv::Mat mat;
  try {
    const Silence silence;
    mat = cv::imdecode(bytes, flags);
  } catch (const cv::Exception&) {
    // The decoder's own limits; said below.
  }
  if (mat.empty()) throw bad_input(name + ": the picture is damaged; copy or save it again");
  check_size(name, mat.cols, mat.rows);
  return {mat, header.inverted_cmyk};
}

cv::Mat wrapped(const ImageU8& image) {
  return {image.height, image.width, CV_8UC(image.channels), const_cast<std::uint8_t*>(image.data.data())};
}

ImageU8 copied(const cv::Mat& mat) {
  ImageU8 image(mat.cols, mat.rows, mat.channels());
  for (int row = 0; row < mat.rows; ++row) std::copy_n(mat.ptr(row), static_cast<std::size_t>(mat.cols) * static_cast<std::size_t>(mat.channels()), image.row(row));
  return image;
}

}  // namespace

namespace {

// Over white; 8 or 16 bits a channel.
template <typename T>
void flatten(cv::Mat& mat) {
  constexpr std::uint64_t full = std::numeric_limits<T>::max();
  cv::Mat over(mat.rows, mat.cols, CV_MAKETYPE(mat.depth(), 3));
  for (int row = 0; row < mat.rows; ++row) {
    const T* from = mat.ptr<T>(row);
    T* to = over.ptr<T>(row);
    for (int column = 0; column < mat.cols; ++column, from += 4, to += 3)
      for (int k = 0; k < 3; ++k) to[k] = static_cast<T>((from[k] * std::uint64_t{from[3]} + full * (full - from[3]) + full / 2) / full);
  }
  mat = over;
}

bool has_alpha(const std::filesystem::path& file) {
  // The decoder gives the alpha only without turning the picture upright, so it is asked twice where there may be one.
  std::ifstream stream(file, std::ios::binary);
  Bytes head(64);
  stream.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  const Format format = format_of(head);
  if (format == Format::png) return head[25] == 4 || head[25] == 6 || head[25] == 3;   // a palette may be transparent too
  return format == Format::webp || format == Format::tiff;
}

}  // namespace

ImageU8 read_picture(const std::filesystem::path& file) {
  Decoded decoded;
  if (has_alpha(file)) decoded = decode(file, cv::IMREAD_UNCHANGED);
  if (decoded.mat.channels() == 4 && decoded.mat.depth() == CV_8U) flatten<std::uint8_t>(decoded.mat);
  else if (decoded.mat.channels() == 4 && decoded.mat.depth() == CV_16U) flatten<std::uint16_t>(decoded.mat);
  else decoded = decode(file, cv::IMREAD_ANYCOLOR | cv::IMREAD_ANYDEPTH);   // upright by EXIF
  cv::Mat mat = decoded.mat;
  if (!decoded.inverted_cmyk) {
    throw bad_input(file.filename().string() + ": this CMYK picture has no Adobe mark, so its colours are not certain; save it as RGB");
  }
  if (mat.depth() == CV_16U) mat.convertTo(mat, CV_8U, 1.0 / 257.0);
  else if (mat.depth() == CV_32F) mat.convertTo(mat, CV_8U, 255.0);
  else if (mat.depth() != CV_8U) throw bad_input(file.filename().string() + ": the picture's number format is not supported; save it with 8 or 16 bits");
  if (mat.channels() == 1) cv::cvtColor(mat, mat, cv::COLOR_GRAY2RGB);
  else cv::cvtColor(mat, mat, mat.channels() == 4 ? cv::COLOR_BGRA2RGB : cv::COLOR_BGR2RGB);
  return copied(mat);
}

ImageU8 read_mask(const std::filesystem::path& file, int width, int height) {
  const cv::Mat mat = decode(file, cv::IMREAD_ANYCOLOR | cv::IMREAD_ANYDEPTH).mat;
  if (mat.cols != width || mat.rows != height) {
    throw bad_input(file.filename().string() + ": the mask is " + times(mat.cols, mat.rows) + " pixels but the photograph is " +
                    times(width, height) + "; save it at the photograph's size");
  }
  ImageU8 mask(width, height);
  const std::size_t pixel_size = mat.elemSize();
  std::size_t inside = 0;
  for (int row = 0; row < height; ++row) {
    const unsigned char* p = mat.ptr(row);
    for (int column = 0; column < width; ++column, p += pixel_size) {
      const bool in = std::any_of(p, p + pixel_size, [](unsigned char c) { return c != 0; });
      mask.at(column, row) = in ? 255 : 0;
      inside += in ? 1 : 0;
    }
  }
  if (inside == 0) throw bad_input(file.filename().string() + ": the mask is empty; pixels inside must not be black");
  return mask;
}

void write_picture(const std::filesystem::path& file, const ImageU8& picture) {
  cv::Mat mat = wrapped(picture);
  cv::Mat turned;   // never in place: `mat` is the caller's picture
  if (picture.channels == 3) cv::cvtColor(mat, turned, cv::COLOR_RGB2BGR);
  if (picture.channels == 4) cv::cvtColor(mat, turned, cv::COLOR_RGBA2BGRA);
  if (!turned.empty()) mat = turned;
  std::vector<unsigned char> bytes;
  bool encoded = false;
  try {
    encoded = cv::imencode(file.extension().string(), mat, bytes);
  } catch (const cv::Exception&) {
    encoded = false;
  }
  if (!encoded) throw bad_input(file.string() + ": pictures are written as .png or .jpg");
  write_file(file, bytes.data(), bytes.size());
}

ImageU8 resized(const ImageU8& picture, int width, int height) {
  cv::Mat out;
  cv::resize(wrapped(picture), out, {width, height}, 0, 0,
             width < picture.width ? cv::INTER_AREA : cv::INTER_LINEAR);
  return copied(out);
}

ImageU8 grabcut(const ImageU8& photo, double x, double y, double width, double height, const ImageU8* hints,
                int iterations, const Progress& progress) {
  const double shrink = std::min(1.0, std::sqrt(1e6 / static_cast<double>(photo.pixel_count())));
  cv::Mat small;
  cv::cvtColor(wrapped(photo), small, cv::COLOR_RGB2BGR);
  if (shrink < 1.0) cv::resize(small, small, {}, shrink, shrink, cv::INTER_AREA);
  const cv::Rect inside(0, 0, small.cols, small.rows);
  cv::Rect box(static_cast<int>(x * shrink), static_cast<int>(y * shrink), static_cast<int>(std::ceil(width * shrink)),
               static_cast<int>(std::ceil(height * shrink)));
  box &= inside;
  if (box.width < 3 || box.height < 3) throw bad_input("object box: it is too small or outside the photograph; draw it around the object");
  // The border tells what the background looks like: a box that fills the picture leaves a rim of two pixels.
  if (box.width > small.cols - 4 && box.height > small.rows - 4) box = {2, 2, small.cols - 4, small.rows - 4};
  cv::Mat labels(small.rows, small.cols, CV_8U, cv::Scalar(cv::GC_BGD));
  labels(box).setTo(cv::GC_PR_FGD);
  if (hints != nullptr) {
    cv::Mat hint_mat;
    cv::resize(wrapped(*hints), hint_mat, labels.size(), 0, 0, cv::INTER_NEAREST);
    labels.setTo(cv::GC_BGD, hint_mat == 1);
    labels.setTo(cv::GC_FGD, hint_mat == 2);
  }
  cv::Mat background, foreground;
  cv::setRNGSeed(42);
  for (int i = 0; i < iterations; ++i) {
    progress.check();
    progress.report(static_cast<double>(i) / iterations);
    cv::grabCut(small, labels, box, background, foreground, 1, i == 0 ? cv::GC_INIT_WITH_MASK : cv::GC_EVAL);
  }
  cv::Mat mask = (labels == cv::GC_FGD) | (labels == cv::GC_PR_FGD);
  if (shrink < 1.0) cv::resize(mask, mask, {photo.width, photo.height}, 0, 0, cv::INTER_NEAREST);
  progress.report(1.0);
  return copied(mask);
}

}  // namespace tactus::io
