#include "tactus/io/keypoints_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>

#include "atomic_file.h"

namespace tactus::io {
namespace {

using nlohmann::json;

// Without the library's error numbers.
std::string cause(const json::exception& error) {
  const std::string what = error.what();
  const auto at = what.find("] ");
  return at == std::string::npos ? what : what.substr(at + 2);
}

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
// count two before. Empty when damaged.
std::vector<std::int64_t> run_lengths(const json& counts) {
  std::vector<std::int64_t> runs;
  if (counts.is_array()) {
    for (const auto& c : counts) runs.push_back(c.get<std::int64_t>());
    return runs;
  }
  const std::string text = counts.get<std::string>();
  for (std::size_t at = 0; at < text.size();) {
    std::int64_t value = 0;
    for (int shift = 0;; shift += 5) {
      if (at == text.size() || shift > 40 || text[at] < '0' || text[at] > 'o') return {};
      const std::int64_t group = text[at++] - '0';
      value |= (group & 0x1f) << shift;
      if ((group & 0x20) == 0) {
        if ((group & 0x10) != 0) value |= -(std::int64_t{1} << (shift + 5));
        break;
      }
    }
    if (runs.size() > 2) value += runs[runs.size() - 2];
    runs.push_back(value);
  }
  return runs;
}

void fill_runs(const json& segmentation, ImageU8& mask, const std::string& name) {
  const auto& size = segmentation.at("size");
  if (size.at(0).get<int>() != mask.height || size.at(1).get<int>() != mask.width)
    throw bad_input(name + ": the person's run-length mask has another size than the photograph");
  const auto height = static_cast<std::size_t>(mask.height);
  std::size_t at = 0;
  bool inside = false;
  for (const auto run : run_lengths(segmentation.at("counts"))) {
    if (run < 0 || static_cast<std::uint64_t>(run) > mask.data.size() - at) throw bad_input(name + ": the person's run-length mask is damaged");
    for (const std::size_t end = at + static_cast<std::size_t>(run); at < end; ++at)
      if (inside) mask.at(static_cast<int>(at / height), static_cast<int>(at % height)) = 255;
    inside = !inside;
  }
  if (at != mask.data.size()) throw bad_input(name + ": the person's run-length mask is damaged");
}

// Pixels whose centre lies inside by the even-odd rule; several polygons are united.
void fill_polygon(const json& flat, ImageU8& mask, const std::string& name) {
  std::vector<std::array<double, 2>> points;
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) points.push_back({flat[i].get<double>(), flat[i + 1].get<double>()});
  if (points.size() < 3) return;
  for (const auto& p : points)
    if (!(std::abs(p[0]) < 1e7) || !(std::abs(p[1]) < 1e7)) throw bad_input(name + ": the person's outline lies far outside the photograph");
  std::vector<double> crossings;
  for (int row = 0; row < mask.height; ++row) {
    const double y = row + 0.5;
    crossings.clear();
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto& a = points[i];
      const auto& b = points[(i + 1) % points.size()];
      if ((a[1] <= y) != (b[1] <= y)) crossings.push_back(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
    }
    std::sort(crossings.begin(), crossings.end());
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const double first = std::clamp(std::ceil(crossings[i] - 0.5), 0.0, static_cast<double>(mask.width));
      for (int column = static_cast<int>(first); column < mask.width && column + 0.5 < crossings[i + 1]; ++column) mask.at(column, row) = 255;
    }
  }
}

std::optional<ImageU8> mask_of(const json& segmentation, int width, int height, const std::string& name) {
  ImageU8 mask(width, height);
  if (segmentation.is_object()) {
    fill_runs(segmentation, mask, name);
  } else if (segmentation.is_array()) {
    for (const auto& polygon : segmentation) fill_polygon(polygon, mask, name);
  }
  const bool empty = std::all_of(mask.data.begin(), mask.data.end(), [](std::uint8_t v) { return v == 0; });
  return empty ? std::nullopt : std::optional(std::move(mask));
}

std::optional<pipeline::Box> box_of(const json& annotation) {
  const auto found = annotation.find("bbox");
  if (found == annotation.end() || !found->is_array() || found->size() != 4) return std::nullopt;
  return pipeline::Box{(*found)[0], (*found)[1], (*found)[2], (*found)[3]};
}

double size_of(const json& annotation) {
  const auto area = annotation.find("area");
  if (area != annotation.end() && area->is_number()) return area->get<double>();
  const auto box = box_of(annotation);
  return box ? box->width * box->height : 0.0;
}

// COCO also annotates people without a single marked point.
bool is_marked(const json& annotation) {
  const auto& flat = annotation["keypoints"];
  for (std::size_t k = 2; k < flat.size(); k += 3)
    if (flat[k].is_number() && flat[k].get<double>() > 0.0) return true;
  return flat.size() < 3;   // said later: a wrong number of points
}

body::Keypoints points_of(const json& annotation, int width, int height, const std::string& name) {
  const auto& flat = annotation.at("keypoints");
  if (!flat.is_array() || (flat.size() != 51 && flat.size() != 69))
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
    std::string ids;
    for (const auto& annotation : annotations) {
      if (!annotation.contains("keypoints")) continue;
      if (image_id && annotation.contains("image_id") && annotation["image_id"] != *image_id) continue;
      const auto id = annotation.value("id", std::int64_t{-1});
      ids += (ids.empty() ? "" : ", ") + std::to_string(id);
      if (person) {
        if (id == *person) chosen = &annotation;
      } else if (is_marked(annotation) && (chosen == nullptr || size_of(annotation) > size_of(*chosen))) {
        chosen = &annotation;
      }
    }
    if (chosen == nullptr) {
      if (person && !ids.empty())
        throw bad_input(name + ": there is no person with the id " + std::to_string(*person) + " for " + photo_name + "; the ids are " + ids);
      throw bad_input(name + ": there is no person with marked keypoints for " + photo_name);
    }
    PersonAnnotation result;
    result.id = static_cast<int>(chosen->value("id", std::int64_t{0}));
    result.keypoints = points_of(*chosen, width, height, name);
    result.box = box_of(*chosen);
    if (chosen->contains("segmentation")) result.mask = mask_of((*chosen)["segmentation"], width, height, name);
    return result;
  } catch (const json::exception& error) {
    throw bad_input(name + ": this is not a COCO keypoints file (" + cause(error) + ")");
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
  write_text(file, document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
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
    throw bad_input(name + ": this is not a detection file (" + cause(error) + ")");
  }
}

}  // namespace tactus::io
