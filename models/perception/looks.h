// What the network sees in a photograph, on its own maps: the whole first, then the crop around the person found there, then four
// overlapping parts of that crop, in which hands have half as many pixels again.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "crop.h"
#include "tactus/body/keypoints.h"
#include "tactus/perception/network.h"
#include "tactus/progress.h"

namespace tactus::perception {

using Joints = Eigen::Matrix<double, body::kKeypointCount, 3, Eigen::RowMajor>;

// Probabilities on the maps that cover `box`, the mean of the crop's and of its mirror image's.
struct Look {
  Box box;
  int size = 0;                         // of the maps
  std::vector<float> parts;             // [classes, size, size]
  std::vector<float> object;            // [size, size]
  double thing = 0;                     // the largest probability that a place shows a thing of the category; 1 where things are not named
  std::vector<float> person;            // [size, size]; empty where nobody asked for it
  Joints joints = Joints::Zero();       // as contact::Percept::joints, but also beyond the photograph
};
// A look a box. category: a row of the embedding; 0: no object is looked for (its map is 0).
std::vector<Look> look_at(Network network, const ImageU8& rgb, const std::vector<Box>& boxes, std::int64_t category);

// The overlapping squares of a box that are looked at once more.
std::vector<Box> closer_boxes(const Box& box);
// One look at `wide.box` with twice its pixels: the mean of the wide look and of those closer ones that see a place well, without scraps.
// A joint of the wide look goes to the mean of where all see it; closer looks that see it elsewhere than nearby see another one.
Look fused(const Look& wide, const std::vector<Look>& closer);

class Looks {
 public:
  Looks(Network network, const ImageU8& rgb, std::int64_t category, const Progress& progress = {});
  bool found_person() const { return found_person_; }
  const Joints& joints() const { return joints_; }   // as contact::Percept::joints
  // At a point of the photograph. Scraps apart from the large pieces are below 0.5.
  float person_at(double x, double y) const;
  float object_at(double x, double y) const;
  int part_at(double x, double y) const;             // the likeliest class; 0 where no person is seen
  // The largest of all looks: how likely it is that a thing of the category is there at all. 1 where the network does not name things.
  double thing() const { return thing_; }
  const Box& near_box() const { return near_.box; }

 private:
  double share_of_near(double x, double y) const;
  bool found_person_ = false;
  double thing_ = 0;
  Look whole_, near_;   // near_: of the crop and of its parts
  Joints joints_ = Joints::Zero();
};

// Where a joint's probabilities [size, size] have their peak: column, row (map pixels, centres at +0.5) and the mass around it.
Eigen::Vector3d peak_of(const float* probability, int size);

}  // namespace tactus::perception
