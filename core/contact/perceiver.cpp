#include "tactus/contact/perceiver.h"

namespace tactus::contact {
namespace {

constexpr double kVisible = 0.35, kHidden = 0.1;   // least confidence
constexpr int kFewest = 6, kFewestOnTorso = 2;     // of body::fit_body
constexpr std::size_t kTorso[] = {5, 6, 11, 12};   // shoulders and hips

}  // namespace

bool enough_joints(const body::Keypoints& points) {
  const auto known = [&](std::size_t k) { return points[k].visibility != body::Visibility::unknown ? 1 : 0; };
  int all = 0, on_torso = 0;
  for (std::size_t k = 0; k < points.size(); ++k) all += known(k);
  for (const std::size_t k : kTorso) on_torso += known(k);
  return all >= kFewest && on_torso >= kFewestOnTorso;
}

Marks marks_of(const Percept& percept) {
  Marks marks;
  body::Keypoints points;
  for (std::size_t k = 0; k < points.size(); ++k) {
    const auto row = static_cast<Eigen::Index>(k);
    const double confidence = percept.joints(row, 2);
    if (!(confidence >= kHidden)) continue;
    points[k] = {percept.joints(row, 0), percept.joints(row, 1), confidence >= kVisible ? body::Visibility::visible : body::Visibility::hidden};
  }
  if (enough_joints(points)) marks.keypoints = points;
  if (!percept.person_mask.empty()) marks.human_mask = percept.person_mask;
  if (!percept.object_mask.empty()) marks.object_mask = percept.object_mask;
  return marks;
}

}  // namespace tactus::contact
