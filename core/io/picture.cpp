#include "tactus/io/picture.h"

#include <algorithm>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "atomic_file.h"

namespace tactus::io {
namespace {

std::vector<unsigned char> bytes_of(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) throw bad_input(file.string() + ": this is a folder; name a picture");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw bad_input(file.string() + ": the file could not be opened; check its name and permissions");
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

unsigned big16(const std::vector<unsigned char>& b, std::size_t at) { return (unsigned{b[at]} << 8U) | b[at + 1]; }
std::uint64_t big32(const std::vector<unsigned char>& b, std::size_t at) { return (std::uint64_t{big16(b, at)} << 16U) | big16(b, at + 2); }

// Size from the header, before anything is decoded; 0×0 where the format is not one of these.
std::pair<double, double> announced_size(const std::vector<unsigned char>& b) {
  if (b.size() > 24 && b[0] == 0x89 && b[1] == 'P') return {static_cast<double>(big32(b, 16)), static_cast<double>(big32(b, 20))};
  if (b.size() > 26 && b[0] == 'B' && b[1] == 'M') {
    const auto little = [&](std::size_t at) { return b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24); };
    return {std::abs(static_cast<double>(little(18))), std::abs(static_cast<double>(little(22)))};
  }
  if (b.size() > 4 && b[0] == 0xff && b[1] == 0xd8) {
    for (std::size_t at = 2; at + 9 < b.size();) {
      if (b[at] != 0xff) return {0, 0};
      const unsigned marker = b[at + 1];
      if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
        return {static_cast<double>(big16(b, at + 7)), static_cast<double>(big16(b, at + 5))};
      at += 2 + std::size_t{big16(b, at + 2)};
    }
  }
  return {0, 0};
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

cv::Mat decode(const std::filesystem::path& file, int flags) {
  const auto bytes = bytes_of(file);
  const std::string name = file.filename();
  const auto [width, height] = announced_size(bytes);
  if (width > 0) check_size(name, width, height);
  // Said before the decoder does: libpng writes to the terminal when the end is missing.
  static constexpr std::string_view kEnd = "IEND";
  const bool png = bytes.size() > 8 && bytes[0] == 0x89 && bytes[1] == 'P';
  if (png && std::search(bytes.begin(), bytes.end(), kEnd.begin(), kEnd.end()) == bytes.end())
    throw bad_input(name + ": the picture is cut off; copy or save it again");
  cv::Mat mat;
  try {
    if (!bytes.empty()) mat = cv::imdecode(bytes, flags);
  } catch (const cv::Exception&) {
    // The decoder's own limits; said below.
  }
  if (mat.empty()) throw bad_input(name + ": this is not a picture that can be read, or it is damaged; PNG, JPEG, TIFF, BMP and WebP are understood");
  check_size(name, mat.cols, mat.rows);
  return mat;
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

ImageU8 read_picture(const std::filesystem::path& file) {
  // First as it is, to see depth and alpha; EXIF orientation is applied unless the flag is IMREAD_UNCHANGED.
  cv::Mat mat = decode(file, cv::IMREAD_ANYCOLOR | cv::IMREAD_ANYDEPTH);
  const cv::Mat raw = decode(file, cv::IMREAD_UNCHANGED);
  if (raw.channels() == 4 && raw.depth() == CV_8U) {
    cv::Mat over(raw.rows, raw.cols, CV_8UC3);
    for (int row = 0; row < raw.rows; ++row) {
      for (int column = 0; column < raw.cols; ++column) {
        const auto& p = raw.at<cv::Vec4b>(row, column);
        for (int k = 0; k < 3; ++k) over.at<cv::Vec3b>(row, column)[k] = static_cast<unsigned char>((p[k] * p[3] + 255 * (255 - p[3]) + 127) / 255);
      }
    }
    mat = over;
  }
  if (mat.depth() == CV_16U) mat.convertTo(mat, CV_8U, 1.0 / 257.0);
  else if (mat.depth() == CV_32F) mat.convertTo(mat, CV_8U, 255.0);
  else if (mat.depth() != CV_8U) throw bad_input(file.filename().string() + ": the picture's number format is not supported; save it with 8 or 16 bits");
  if (mat.channels() == 1) cv::cvtColor(mat, mat, cv::COLOR_GRAY2RGB);
  else cv::cvtColor(mat, mat, mat.channels() == 4 ? cv::COLOR_BGRA2RGB : cv::COLOR_BGR2RGB);
  return copied(mat);
}

ImageU8 read_mask(const std::filesystem::path& file, int width, int height) {
  const cv::Mat mat = decode(file, cv::IMREAD_ANYCOLOR | cv::IMREAD_ANYDEPTH);
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
  if (picture.channels == 3) cv::cvtColor(mat, mat, cv::COLOR_RGB2BGR);
  if (picture.channels == 4) cv::cvtColor(mat, mat, cv::COLOR_RGBA2BGRA);
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
