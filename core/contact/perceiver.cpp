#include "tactus/contact/perceiver.h"

#include <algorithm>
#include <vector>

namespace tactus::contact {
namespace {

constexpr double kVisible = 0.35, kHidden = 0.1;   // least confidence

}  // namespace

Marks marks_of(const Percept& percept) {
  Marks marks;
  body::Keypoints points;
  // Where nothing is sure, the surer half counts as visible: the fit needs some that it can hold on to.
  std::vector<double> known;
  for (Eigen::Index k = 0; k < percept.joints.rows(); ++k)
    if (percept.joints(k, 2) >= kHidden) known.push_back(percept.joints(k, 2));
  std::sort(known.begin(), known.end());
  const double visible = known.empty() ? kVisible : std::min(kVisible, known[known.size() / 2]);
  for (std::size_t k = 0; k < points.size(); ++k) {
    const auto row = static_cast<Eigen::Index>(k);
    const double confidence = percept.joints(row, 2);
    if (!(confidence >= kHidden)) continue;
    points[k] = {percept.joints(row, 0), percept.joints(row, 1), confidence >= visible ? body::Visibility::visible : body::Visibility::hidden};
  }
  if (body::count_marks(points).enough()) {
    marks.keypoints = points;
    marks.joints_guessed = 1.0;
  }
  if (!percept.person_mask.empty()) marks.human_mask = percept.person_mask;
  if (!percept.object_mask.empty()) {
    marks.object_mask = percept.object_mask;
    marks.object_mask_guessed = true;
    marks.object_doubt = 1.0 - std::clamp(percept.object_confidence, 0.0, 1.0);
  }
  return marks;
}

}  // namespace tactus::contact
