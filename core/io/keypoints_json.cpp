#include "tactus/io/keypoints_json.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "atomic_file.h"

namespace tactus::io {
namespace {

using nlohmann::json;

json parse(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw bad_input(file.string() + ": the file could not be opened; check its name and permissions");
  try {
    return json::parse(stream);
  } catch (const json::exception&) {
    throw bad_input(file.filename().string() + ": this is not a JSON file, or it is damaged");
  }
}

// COCO's run lengths: column by column, first the zeros. Compressed ones are 5-bit groups, differences from the
// count two before.
std::vector<std::uint32_t> run_lengths(const json& counts) {
  std::vector<std::uint32_t> runs;
  if (counts.is_array()) {
    for (const auto& c : counts) runs.push_back(c.get<std::uint32_t>());
    return runs;
  }
  const std::string text = counts.get<std::string>();
  for (std::size_t at = 0; at < text.size();) {
    long value = 0;
    int shift = 0;
    bool more = true;
    while (more && at < text.size() && shift < 40) {
      const long group = text[at++] - 48;
      value |= (group & 0x1f) << shift;
      more = (group & 0x20) != 0;
      shift += 5;
      if (!more && (group & 0x10) != 0) value |= -1L << shift;
    }
    if (runs.size() > 2) value += static_cast<long>(runs[runs.size() - 2]);
    runs.push_back(static_cast<std::uint32_t>(value));
  }
  return runs;
}

std::optional<ImageU8> mask_of(const json& segmentation, int width, int height, const std::string& name) {
  ImageU8 mask(width, height);
  if (segmentation.is_object()) {
    const auto size = segmentation.at("size");
    if (size[0].get<int>() != height || size[1].get<int>() != width)
      throw bad_input(name + ": the person's run-length mask has another size than the photograph");
    std::size_t at = 0;
    bool inside = false;
    for (const auto run : run_lengths(segmentation.at("counts"))) {
      for (std::uint32_t i = 0; i < run && at < mask.data.size(); ++i, ++at)
        if (inside) mask.at(static_cast<int>(at / static_cast<std::size_t>(height)), static_cast<int>(at % static_cast<std::size_t>(height))) = 255;
      inside = !inside;
    }
  } else if (segmentation.is_array() && !segmentation.empty()) {
    cv::Mat mat(height, width, CV_8U, mask.data.data());
    std::vector<std::vector<cv::Point>> polygons;
    for (const auto& flat : segmentation) {
      std::vector<cv::Point> polygon;
      for (std::size_t i = 0; i + 1 < flat.size(); i += 2)
        polygon.emplace_back(static_cast<int>(std::lround(flat[i].get<double>() * 16)), static_cast<int>(std::lround(flat[i + 1].get<double>() * 16)));
      if (polygon.size() >= 3) polygons.push_back(std::move(polygon));
    }
    cv::fillPoly(mat, polygons, cv::Scalar(255), cv::LINE_8, 4);
  } else {
    return std::nullopt;
  }
  for (const auto value : mask.data)
    if (value != 0) return mask;
  return std::nullopt;
}

std::optional<pipeline::Box> box_of(const json& annotation) {
  const auto found = annotation.find("bbox");
  if (found == annotation.end() || found->size() != 4) return std::nullopt;
  return pipeline::Box{(*found)[0], (*found)[1], (*found)[2], (*found)[3]};
}

double size_of(const json& annotation) {
  if (annotation.contains("area")) return annotation["area"].get<double>();
  const auto box = box_of(annotation);
  return box ? box->width * box->height : 0.0;
}

body::Keypoints points_of(const json& annotation, int width, int height, const std::string& name) {
  const auto& flat = annotation.at("keypoints");
  if (flat.size() != 51 && flat.size() != 69)
    throw bad_input(name + ": the person has " + std::to_string(flat.size()) + " keypoint numbers; 51 (17 points) or 69 (23 points) are needed");
  body::Keypoints points;
  for (std::size_t k = 0; k < flat.size() / 3; ++k) {
    const std::string point(body::kKeypointNames[k]);
    const double flag = flat[3 * k + 2].is_number() ? flat[3 * k + 2].get<double>() : 0.0;
    if (flag <= 0.0) continue;
    // JSON has no NaN; writers that emit null mean it.
    if (!flat[3 * k].is_number() || !flat[3 * k + 1].is_number()) throw bad_input(name + ": the keypoint " + point + " is not a number");
    points[k] = {flat[3 * k], flat[3 * k + 1], flag >= 2.0 ? body::Visibility::visible : body::Visibility::hidden};
    if (!std::isfinite(points[k].x) || !std::isfinite(points[k].y) || points[k].x < -width || points[k].x > 2.0 * width ||
        points[k].y < -height || points[k].y > 2.0 * height)
      throw bad_input(name + ": the keypoint " + point + " lies far outside the photograph; are these the keypoints of this picture?");
  }
  return points;
}

}  // namespace

PersonAnnotation read_coco_keypoints(const std::filesystem::path& file, const std::string& photo_name, int width,
                                     int height, std::optional<int> person) {
  const std::string name = file.filename();
  const json document = parse(file);
  try {
    const json& annotations = document.is_array() ? document : document.at("annotations");
    std::optional<json> image_id;
    if (document.is_object() && document.contains("images") && !document["images"].empty()) {
      for (const auto& image : document["images"])
        if (std::filesystem::path(image.at("file_name").get<std::string>()).filename() == photo_name) image_id = image.at("id");
      if (!image_id) throw bad_input(name + ": the file has no picture named " + photo_name + "; its keypoints belong to other pictures");
    }
    const json* chosen = nullptr;
    for (const auto& annotation : annotations) {
      if (!annotation.contains("keypoints")) continue;
      if (image_id && annotation.contains("image_id") && annotation["image_id"] != *image_id) continue;
      if (person) {
        if (annotation.value("id", -1) == *person) chosen = &annotation;
      } else if (chosen == nullptr || size_of(annotation) > size_of(*chosen)) {
        chosen = &annotation;
      }
    }
    if (chosen == nullptr) {
      throw bad_input(name + ": " + (person ? "there is no person with the id " + std::to_string(*person) : "there is no person with keypoints") +
                      " for " + photo_name);
    }
    PersonAnnotation result;
    result.id = chosen->value("id", 0);
    result.keypoints = points_of(*chosen, width, height, name);
    result.box = box_of(*chosen);
    if (chosen->contains("segmentation")) result.mask = mask_of((*chosen)["segmentation"], width, height, name);
    return result;
  } catch (const json::exception& error) {
    throw bad_input(name + ": this is not a COCO keypoints file (" + error.what() + ")");
  }
}

void write_coco_keypoints(const std::filesystem::path& file, const std::string& photo_name, int width, int height,
                          const body::Keypoints& keypoints, const std::optional<pipeline::Box>& box) {
  json flat = json::array(), names = json::array();
  int count = 0;
  for (std::size_t k = 0; k < keypoints.size(); ++k) {
    const auto& p = keypoints[k];
    const bool known = p.visibility != body::Visibility::unknown;
    flat.insert(flat.end(), {known ? p.x : 0.0, known ? p.y : 0.0, static_cast<int>(p.visibility)});
    names.push_back(body::kKeypointNames[k]);
    count += known ? 1 : 0;
  }
  json annotation = {{"id", 1}, {"image_id", 1}, {"category_id", 1}, {"keypoints", flat}, {"num_keypoints", count}};
  if (box) {
    annotation["bbox"] = {box->x, box->y, box->width, box->height};
    annotation["area"] = box->width * box->height;
  }
  const json document = {{"images", {{{"id", 1}, {"file_name", photo_name}, {"width", width}, {"height", height}}}},
                         {"annotations", {annotation}},
                         {"categories", {{{"id", 1}, {"name", "person"}, {"keypoints", names}}}}};
  write_text(file, document.dump(1) + "\n");
}

Detection read_detection(const std::filesystem::path& file, int width, int height) {
  const std::string name = file.filename();
  const json document = parse(file);
  try {
    Detection detection;
    const auto box = box_of(document);
    if (!box) throw bad_input(name + ": a bbox [x, y, w, h] is needed");
    detection.box = *box;
    if (document.contains("mask")) {
      const json& rows = document["mask"];
      if (static_cast<int>(rows.size()) != height) throw bad_input(name + ": the mask has another size than the picture");
      ImageU8 mask(width, height);
      for (int row = 0; row < height; ++row) {
        const json& line = rows[static_cast<std::size_t>(row)];
        if (static_cast<int>(line.size()) != width) throw bad_input(name + ": the mask has another size than the picture");
        for (int column = 0; column < width; ++column) {
          const json& cell = line[static_cast<std::size_t>(column)];
          mask.at(column, row) = (cell.is_boolean() ? cell.get<bool>() : cell.get<double>() != 0.0) ? 255 : 0;
        }
      }
      detection.mask = std::move(mask);
    }
    return detection;
  } catch (const json::exception& error) {
    throw bad_input(name + ": this is not a detection file (" + error.what() + ")");
  }
}

}  // namespace tactus::io
