// The port of nearest-neighbour search in position + weighted normal.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

namespace tactus::reconstruct {

using Points6 = Eigen::Matrix<double, Eigen::Dynamic, 6, Eigen::RowMajor>;

class CorrespondenceSearch {
 public:
  virtual ~CorrespondenceSearch() = default;
  // Copies the targets.
  virtual void set_targets(const Points6& targets) = 0;
  // For each query row the index of the nearest target (squared Euclidean; the earlier index on a tie).
  virtual std::vector<int> nearest(const Points6& queries) const = 0;
};

std::unique_ptr<CorrespondenceSearch> make_cpu_correspondence_search();

}  // namespace tactus::reconstruct
