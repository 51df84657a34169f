#include "tactus/reconstruct/correspondence_search.h"

#include <cstdint>
#include <nanoflann.hpp>

#include "tactus/parallel.h"

namespace tactus::reconstruct {
namespace {

struct Cloud {
  Points6 points;
  std::size_t kdtree_get_point_count() const { return static_cast<std::size_t>(points.rows()); }
  double kdtree_get_pt(std::size_t i, std::size_t d) const { return points(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(d)); }
  template <typename Box>
  bool kdtree_get_bbox(Box&) const {
    return false;
  }
};

using Tree = nanoflann::KDTreeSingleIndexAdaptor<nanoflann::L2_Simple_Adaptor<double, Cloud>, Cloud, 6>;

class CpuSearch : public CorrespondenceSearch {
 public:
  void set_targets(const Points6& targets) override {
    cloud_.points = targets;
    tree_ = std::make_unique<Tree>(6, cloud_, nanoflann::KDTreeSingleIndexAdaptorParams(12));
    tree_->buildIndex();
  }
  std::vector<int> nearest(const Points6& queries) const override {
    std::vector<int> result(static_cast<std::size_t>(queries.rows()), -1);
    if (cloud_.points.rows() == 0) return result;
    parallel_for(result.size(), 256, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        // Two neighbours, so that a tie goes to the earlier index whatever the tree's layout.
        std::uint32_t ids[2] = {0, 0};
        double distances[2] = {0.0, 0.0};
        const std::size_t found = tree_->knnSearch(queries.row(static_cast<Eigen::Index>(i)).data(), 2, ids, distances);
        const bool tie = found == 2 && distances[1] == distances[0] && ids[1] < ids[0];
        result[i] = static_cast<int>(tie ? ids[1] : ids[0]);
      }
    });
    return result;
  }

 private:
  Cloud cloud_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace

std::unique_ptr<CorrespondenceSearch> make_cpu_correspondence_search() { return std::make_unique<CpuSearch>(); }

}  // namespace tactus::reconstruct
