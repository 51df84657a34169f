// Marks in COCO's JSON formats.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

struct PersonAnnotation {
  body::Keypoints keypoints;
  std::optional<ImageU8> mask;            // of its `segmentation` (polygons or run lengths), where it has one
  std::optional<pipeline::Box> box;
  int id = 0;
};

// Annotations of the picture named `photo_name` (all, when the file names no picture at all); the largest person
// unless `person` gives an annotation id. 17 or 23 points. Error{bad_input}: no such picture or person, a wrong
// number of points, NaN, points farther outside the picture than its size.
PersonAnnotation read_coco_keypoints(const std::filesystem::path& file, const std::string& photo_name, int width,
                                     int height, std::optional<int> person);
void write_coco_keypoints(const std::filesystem::path& file, const std::string& photo_name, int width, int height,
                          const body::Keypoints& keypoints, const std::optional<pipeline::Box>& box);

// object_detection.json, human_detection.json of a published sample (METHOD.md §8.1): bbox and, where present, mask.
struct Detection {
  pipeline::Box box;
  std::optional<ImageU8> mask;
};
Detection read_detection(const std::filesystem::path& file, int width, int height);

}  // namespace tactus::io
