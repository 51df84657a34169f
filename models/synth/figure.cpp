#include "figure.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "tactus/body/body_model_data.h"

namespace tactus::synth {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using std::numbers::pi;

Matrix3d rotation_from(const Vector3d& vector) {
  const double angle = vector.norm();
  if (angle < 1e-12) return Matrix3d::Identity();
  return Eigen::AngleAxisd(angle, vector / angle).toRotationMatrix();
}
Matrix3d yaw(double angle) { return Eigen::AngleAxisd(angle, Vector3d::UnitY()).toRotationMatrix(); }
Matrix3d pitch(double angle) { return Eigen::AngleAxisd(angle, Vector3d::UnitX()).toRotationMatrix(); }
Matrix3d roll(double angle) { return Eigen::AngleAxisd(angle, Vector3d::UnitZ()).toRotationMatrix(); }

Matrix3d rotation_between(const Vector3d& a, const Vector3d& b, const Vector3d& c, const Vector3d& d) {
  const auto frame = [](const Vector3d& u, const Vector3d& v) {
    Matrix3d m;
    m.col(0) = u.normalized();
    Vector3d side = v - m.col(0) * m.col(0).dot(v);
    m.col(1) = side.norm() < 1e-9 ? m.col(0).unitOrthogonal() : side.normalized();
    m.col(2) = m.col(0).cross(m.col(1));
    return m;
  };
  return frame(c, d) * frame(a, b).transpose();
}

Rig::Rig(const body::BodyModel& body_model) : model(body_model) {
  const auto bone = [&](const std::string& name) { return model.bone_index(name); };
  for (int s = 0; s < 2; ++s) {
    const std::string end = s == kLeft ? ".L" : ".R";
    auto& a = arm[static_cast<std::size_t>(s)];
    a = {bone("clavicle" + end), bone("shoulder01" + end), bone("upperarm01" + end), bone("lowerarm01" + end),
         bone("lowerarm02" + end), bone("wrist" + end), {}};
    for (int f = 0; f < 5; ++f)
      for (int k = 0; k < 3; ++k)
        a.fingers[static_cast<std::size_t>(f)][static_cast<std::size_t>(k)] =
            bone("finger" + std::to_string(f + 1) + "-" + std::to_string(k + 1) + end);
    leg[static_cast<std::size_t>(s)] = {bone("upperleg01" + end), bone("lowerleg01" + end), bone("foot" + end), bone("toe1-1" + end)};
  }
  for (int k = 0; k < 5; ++k) spine[static_cast<std::size_t>(k)] = bone("spine0" + std::to_string(5 - k));
  for (int k = 0; k < 3; ++k) neck[static_cast<std::size_t>(k)] = bone("neck0" + std::to_string(k + 1));
  head = bone("head");

  const auto& d = model.data();
  const int count = model.vertex_count(), per = d.weights_per_vertex;
  std::vector<int> heaviest(static_cast<std::size_t>(count));
  for (int v = 0; v < count; ++v) {
    weight_first.push_back(static_cast<int>(weights.size()));
    float most = -1.0F;
    for (int k = 0; k < per; ++k) {
      const auto cell = static_cast<std::size_t>(v * per + k);
      if (d.skin_weights[cell] <= 0.0F) continue;
      weights.emplace_back(d.skin_bones[cell], d.skin_weights[cell]);
      if (d.skin_weights[cell] > most) {
        most = d.skin_weights[cell];
        heaviest[static_cast<std::size_t>(v)] = d.skin_bones[cell];
      }
    }
    every_.push_back(v);
  }
  weight_first.push_back(static_cast<int>(weights.size()));

  const auto gather = [&](const std::vector<std::string>& parts, std::size_t most) {
    std::vector<int> all;
    for (int v = 0; v < count; ++v) {
      const std::string& part = model.part_names()[model.vertex_parts()[static_cast<std::size_t>(v)]];
      if (std::find(parts.begin(), parts.end(), part) != parts.end()) all.push_back(v);
    }
    if (all.size() <= most) return all;
    std::vector<int> some;
    for (std::size_t i = 0; i < most; ++i) some.push_back(all[i * all.size() / most]);
    return some;
  };
  const body::ShapedBody rest = model.shape({});
  for (int s = 0; s < 2; ++s) {
    const std::string name = s == kLeft ? "left " : "right ";
    auto& r = regions_[static_cast<std::size_t>(s)];
    const auto set = [&](Region region, const std::vector<std::string>& parts, std::size_t most) {
      r[static_cast<std::size_t>(region)] = gather(parts, most);
    };
    set(Region::hand, {name + "hand", name + "fingers"}, 320);
    set(Region::fingers, {name + "fingers"}, 250);
    set(Region::forearm, {name + "forearm"}, 120);
    set(Region::upper_arm, {name + "upper arm"}, 120);
    set(Region::sole, {name + "sole"}, 100);
    set(Region::foot, {name + "foot", name + "sole"}, 250);
    set(Region::thigh, {name + "thigh"}, 200);
    set(Region::lower_leg, {name + "lower leg"}, 150);
    set(Region::buttocks, {"left buttock", "right buttock", "left thigh", "right thigh", "lower back"}, 220);
    set(Region::lower_back, {"lower back"}, 130);
    set(Region::upper_back, {"upper back", "lower back"}, 160);
    set(Region::torso_front, {"chest", "abdomen"}, 160);
    set(Region::head, {"head", "face"}, 300);
    // The palm: skin of the hand and of the fingers' roots that looks out of it in the rest pose.
    const Figure figure(*this, rest);
    const geometry::Vertices normals = geometry::vertex_normals({rest.rest_vertices, model.faces()});
    for (const int v : gather({name + "hand", name + "fingers"}, 100000)) {
      const int bone_of = heaviest[static_cast<std::size_t>(v)];
      const auto& f = arm[static_cast<std::size_t>(s)].fingers;
      bool tip = false;
      for (std::size_t k = 0; k < 5; ++k) tip = tip || bone_of == f[k][1] || bone_of == f[k][2] || (k == 0 && bone_of == f[k][0]);
      if (!tip && normals.row(v).cast<double>().transpose().dot(figure.rest_hand(static_cast<Side>(s)).palm) > 0.5)
        r[static_cast<std::size_t>(Region::palm)].push_back(v);
    }
    for (std::size_t k = 0; k < 5; ++k) {
      std::vector<int> all;
      for (int v = 0; v < count; ++v) {
        const auto& f = arm[static_cast<std::size_t>(s)].fingers[k];
        if (std::find(f.begin(), f.end(), heaviest[static_cast<std::size_t>(v)]) != f.end()) all.push_back(v);
      }
      auto& some = finger_vertices_[static_cast<std::size_t>(s)][k];
      for (std::size_t i = 0; i < 56 && i < all.size(); ++i) some.push_back(all[i * all.size() / std::min<std::size_t>(56, all.size())]);
    }
  }
}

Figure::Figure(const Rig& rig, const body::ShapedBody& shaped) : rig_(&rig), shaped_(&shaped) {
  const std::size_t bones = rig.model.bones().size();
  turn.assign(bones, Matrix3d::Identity());
  motion_.assign(bones, Eigen::Isometry3d::Identity());
  for (std::size_t s = 0; s < 2; ++s) {
    const auto& a = rig.arm[s];
    const Vector3d wrist = rest(a.wrist), knuckle = rest(a.fingers[2][0]);
    rest_fingers_[s] = (0.5 * (knuckle + rest(a.fingers[1][0])) * 0.5 + 0.25 * (rest(a.fingers[3][0]) + rest(a.fingers[2][0])) - wrist).normalized();
    const Vector3d across = rest(a.fingers[1][0]) - rest(a.fingers[4][0]);
    rest_palm_[s] = (s == kLeft ? rest_fingers_[s].cross(across) : across.cross(rest_fingers_[s])).normalized();
    for (std::size_t f = 0; f < 5; ++f)
      for (std::size_t k = 0; k < 3; ++k) {
        const Vector3d from = rest(a.fingers[f][k]);
        const Vector3d along = k < 2 ? Vector3d(rest(a.fingers[f][k + 1]) - from) : Vector3d(from - rest(a.fingers[f][k - 1]));
        // The thumb closes over the palm towards the little finger.
        const Vector3d towards = f == 0 ? Vector3d(0.75 * rest_palm_[s] - 0.65 * across.normalized()) : rest_palm_[s];
        curl_axis_[s][f][k] = along.cross(towards).normalized();
      }
  }
  const auto& arm = rig.arm[0];
  const auto& leg = rig.leg[0];
  arm_length_ = (rest(arm.lower) - rest(arm.upper)).norm() + (rest(arm.wrist) - rest(arm.lower)).norm();
  leg_length_ = (rest(leg.lower) - rest(leg.upper)).norm() + (rest(leg.foot) - rest(leg.lower)).norm();
  hand_length_ = (rest(arm.fingers[2][0]) - rest(arm.wrist)).norm();
  scale_ = leg_length_ / 0.90;
  double sole = 1e9;
  for (const int v : rig.region(Region::sole, kLeft)) sole = std::min(sole, static_cast<double>(shaped.rest_vertices(v, 1)));
  ankle_height_ = rest(leg.foot).y() - sole;
  foot_forward_ = rest(leg.toe).z() - rest(leg.foot).z();
  double behind = 0;
  for (const int v : rig.region(Region::buttocks, kLeft)) behind = std::max(behind, rest(leg.upper).z() - static_cast<double>(shaped.rest_vertices(v, 2)));
  seat_height_ = behind;
  update();
}

void Figure::turn_bone(int bone, const Vector3d& v) { turn[static_cast<std::size_t>(bone)] = rotation_from(v); }

void Figure::bend_spine(double forwards, double lean, double twist) {
  // Leaning to the left (+x) turns +y towards +x: about -z.
  static constexpr std::array<double, 5> share = {0.24, 0.22, 0.2, 0.19, 0.15};
  for (std::size_t k = 0; k < 5; ++k) turn_bone(rig_->spine[k], share[k] * Vector3d(forwards, twist, -lean));
}

void Figure::turn_head(double forwards, double lean, double twist) {
  for (const int bone : rig_->neck) turn_bone(bone, 0.18 * Vector3d(forwards, twist, -lean));
  turn_bone(rig_->head, 0.46 * Vector3d(forwards, twist, -lean));
}

void Figure::update() {
  const auto& bones = rig_->model.bones();
  for (std::size_t b = 0; b < bones.size(); ++b) {
    const Vector3d head = rest(static_cast<int>(b));
    Eigen::Isometry3d own;
    own.linear() = turn[b];
    own.translation() = head - turn[b] * head;
    own.makeAffine();
    motion_[b] = bones[b].parent < 0 ? own : motion_[static_cast<std::size_t>(bones[b].parent)] * own;
  }
}

double Figure::reach_arm(Side side, const Vector3d& wrist, const HandFrame& hand, const Vector3d* hint) {
  const auto s = static_cast<std::size_t>(side);
  const auto& a = rig_->arm[s];
  turn_bone(a.clavicle, Vector3d::Zero());
  turn_bone(a.shoulder, Vector3d::Zero());
  update();
  const double out = side == kLeft ? 1.0 : -1.0;
  const Matrix3d world = world_from_body.linear();
  {   // the shoulder follows an arm that is raised or stretched
    const Vector3d away = orientation(a.clavicle).transpose() * (wrist - joint(a.upper));
    const double stretch = std::clamp(away.norm() / arm_length_, 0.0, 1.0);
    const double raised = std::clamp(away.y() / std::max(1e-6, away.norm()), 0.0, 1.0) * stretch;
    const double forward = std::clamp(away.z() / std::max(1e-6, away.norm()), -0.5, 1.0) * stretch;
    turn_bone(a.clavicle, {0.0, -out * 0.3 * forward * std::max(0.0, stretch - 0.6) / 0.4, out * 0.45 * raised});
    update();
  }
  const Vector3d u0 = rest(a.lower) - rest(a.upper), l0 = rest(a.wrist) - rest(a.lower), n0 = u0.cross(l0).normalized();
  const double upper = u0.norm(), lower = l0.norm();
  const Matrix3d hand_turn = rotation_between(rest_fingers_[s], rest_palm_[s], hand.fingers, hand.palm);   // world
  double strain = 0.0;
  Vector3d target = wrist;
  for (int round = 0; round < 2; ++round) {
    const Vector3d shoulder = joint(a.upper);
    Vector3d to = target - shoulder;
    double far = to.norm();
    const double longest = 0.998 * (upper + lower), shortest = 0.38 * (upper + lower);
    const double missed = std::max(0.0, far - longest) + std::max(0.0, shortest - far);
    if (far < 1e-6) to = world * Vector3d(0, -1, 0), far = 1e-6;
    const Vector3d way = to / std::max(to.norm(), 1e-9);
    far = std::clamp(far, shortest, longest);
    const double along = (upper * upper - lower * lower + far * far) / (2 * far);
    const double aside = std::sqrt(std::max(0.0, upper * upper - along * along));
    // Swivel: elbows like to be low, a little outwards and behind.
    const Matrix3d chest = orientation(rig_->spine[4]);
    const Vector3d usual = hint != nullptr ? *hint : Vector3d(chest * Vector3d(out * 0.45, -0.9, -0.35));
    Vector3d e1 = usual - way * way.dot(usual);
    e1 = e1.norm() < 1e-6 ? way.unitOrthogonal() : e1.normalized();
    const Vector3d e2 = way.cross(e1);
    double best = 1e9;
    Matrix3d best_upper, best_lower, best_twist;
    for (int step = -6; step <= 6; ++step) {
      const double angle = step * 0.26;
      const Vector3d elbow = shoulder + along * way + aside * (std::cos(angle) * e1 + std::sin(angle) * e2);
      const Vector3d u = elbow - shoulder, l = shoulder + far * way - elbow;
      Vector3d n = u.cross(l);
      if (n.norm() < 1e-6 * upper * lower) n = way.cross(elbow - shoulder);
      n.normalize();
      const Matrix3d turn_upper = rotation_between(u0, n0, u, n), turn_lower = rotation_between(l0, n0, l, n);
      // The wrist as seen from the forearm: bend, and turn about it.
      const Matrix3d local = turn_lower.transpose() * hand_turn;
      const Vector3d axis = l0.normalized();
      const Eigen::Quaterniond q(local);
      double turned = 2.0 * std::atan2(q.vec().dot(axis), q.w());
      turned = std::remainder(turned, 2.0 * pi);
      const Matrix3d bend = Eigen::AngleAxisd(-turned, axis).toRotationMatrix() * local;
      const double bent = Eigen::AngleAxisd(bend).angle();
      // The elbow as seen from the chest.
      const Vector3d seen = chest.transpose() * u.normalized();
      const double behind = std::max(0.0, -seen.z() - 0.75), inside = std::max(0.0, -out * seen.x() - 0.55);
      const Vector3d waist = chest.transpose() * (elbow - joint(rig_->spine[2]));
      const double in_body = std::max(0.0, 0.19 * scale_ - std::abs(waist.x())) / (0.1 * scale_) *
                             (waist.y() < 0.35 * scale_ && waist.y() > -0.25 * scale_ && std::abs(waist.z()) < 0.13 * scale_ ? 1.0 : 0.0);
      const double cost = std::pow(std::max(0.0, bent - 0.5) / 0.75, 2.0) + std::pow(std::max(0.0, std::abs(turned) - 1.1) / 0.7, 2.0) +
                          4.0 * behind + 4.0 * inside + 0.8 * in_body + 0.12 * angle * angle;
      if (cost < best) {
        best = cost;
        best_upper = turn_upper;
        best_lower = turn_lower;
        best_twist = Eigen::AngleAxisd(0.75 * turned, axis).toRotationMatrix();
      }
    }
    strain = best + missed / 0.05;
    const Matrix3d parent = orientation(a.shoulder);
    turn[static_cast<std::size_t>(a.upper)] = parent.transpose() * best_upper;
    turn[static_cast<std::size_t>(a.lower)] = best_upper.transpose() * best_lower;
    turn[static_cast<std::size_t>(a.twist)] = best_twist;
    turn[static_cast<std::size_t>(a.wrist)] = best_twist.transpose() * best_lower.transpose() * hand_turn;
    update();
    target += wrist - joint(a.wrist);
    if (missed > 0) break;
  }
  return strain;
}

double Figure::place_wrist(Side side, const Vector3d& wrist, const Vector3d& hint, double rolled) {
  const auto s = static_cast<std::size_t>(side);
  const auto& a = rig_->arm[s];
  // A first reach finds the forearm, the second lays the hand along it.
  HandFrame hand = hand_frame(side);
  double strain = 0.0;
  for (int round = 0; round < 2; ++round) {
    const Vector3d along = round == 0 ? Vector3d((wrist - joint(a.upper)).normalized()) : Vector3d((joint(a.wrist) - joint(a.lower)).normalized());
    const Vector3d inward = orientation(rig_->spine[4]) * Vector3d(side == kLeft ? -1.0 : 1.0, -0.2, 0.1);
    Vector3d palm = inward - along * along.dot(inward);
    palm = palm.norm() < 1e-3 ? along.unitOrthogonal() : palm.normalized();
    hand = {along, Eigen::AngleAxisd(side == kLeft ? rolled : -rolled, along) * palm};
    strain = reach_arm(side, wrist, hand, &hint);
  }
  return strain;
}

double Figure::reach_leg(Side side, const Vector3d& ankle, const Vector3d& knee, const Matrix3d& foot) {
  const auto& l = rig_->leg[static_cast<std::size_t>(side)];
  update();
  const Vector3d u0 = rest(l.lower) - rest(l.upper), d0 = rest(l.foot) - rest(l.lower), n0 = u0.cross(d0).normalized();
  const double upper = u0.norm(), lower = d0.norm();
  const Vector3d hip = joint(l.upper);
  const Vector3d to = ankle - hip, way = to.normalized();
  const double far = std::clamp(to.norm(), 0.32 * (upper + lower), 0.9985 * (upper + lower));
  const double along = (upper * upper - lower * lower + far * far) / (2 * far);
  const double aside = std::sqrt(std::max(0.0, upper * upper - along * along));
  Vector3d e = knee - way * way.dot(knee);
  e = e.norm() < 1e-6 ? way.unitOrthogonal() : e.normalized();
  const Vector3d u = along * way + aside * e, d = far * way - u, n = u.cross(d).norm() < 1e-9 ? way.cross(e).eval() : u.cross(d).eval();
  const Matrix3d turn_upper = rotation_between(u0, n0, u, n), turn_lower = rotation_between(d0, n0, d, n);
  const int parent = rig_->model.bones()[static_cast<std::size_t>(l.upper)].parent;
  turn[static_cast<std::size_t>(l.upper)] = orientation(parent).transpose() * turn_upper;
  turn[static_cast<std::size_t>(l.lower)] = turn_upper.transpose() * turn_lower;
  // The foot turns in its joint by at most 50°.
  Eigen::AngleAxisd own(turn_lower.transpose() * foot);
  own.angle() = std::min(own.angle(), 0.87);
  turn[static_cast<std::size_t>(l.foot)] = own.toRotationMatrix();
  update();
  return std::abs(to.norm() - far);
}

HandFrame Figure::hand_frame(Side side) const {
  const auto s = static_cast<std::size_t>(side);
  const Matrix3d r = orientation(rig_->arm[s].wrist);
  return {r * rest_fingers_[s], r * rest_palm_[s]};
}

Vector3d Figure::palm_point(Side side, double along) const {
  const HandFrame hand = hand_frame(side);
  return joint(rig_->arm[static_cast<std::size_t>(side)].wrist) + hand.fingers * along * hand_length_;
}

void Figure::curl_finger(Side side, int finger, double angle) {
  const auto s = static_cast<std::size_t>(side), f = static_cast<std::size_t>(finger);
  static constexpr std::array<double, 3> share = {1.0, 1.05, 0.7}, thumb = {0.45, 0.6, 0.8};
  for (std::size_t k = 0; k < 3; ++k)
    turn_bone(rig_->arm[s].fingers[f][k], angle * (f == 0 ? thumb[k] : share[k]) * curl_axis_[s][f][k]);
}

void Figure::curl_hand(Side side, double angle, double thumb) {
  curl_finger(side, 0, thumb);
  for (int f = 1; f < 5; ++f) curl_finger(side, f, angle);
}

geometry::Vertices Figure::skin(const std::vector<int>& chosen) const {
  std::vector<Eigen::Matrix<float, 3, 4>> matrices(motion_.size());
  for (std::size_t b = 0; b < motion_.size(); ++b) {
    const Eigen::Isometry3d m = world_from_body * motion_[b];
    matrices[b] = m.matrix().topRows<3>().cast<float>();
  }
  geometry::Vertices out(static_cast<Eigen::Index>(chosen.size()), 3);
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto v = static_cast<std::size_t>(chosen[i]);
    Eigen::Matrix<float, 3, 4> m = Eigen::Matrix<float, 3, 4>::Zero();
    for (int k = rig_->weight_first[v]; k < rig_->weight_first[v + 1]; ++k) {
      const auto& [bone, weight] = rig_->weights[static_cast<std::size_t>(k)];
      m += weight * matrices[static_cast<std::size_t>(bone)];
    }
    out.row(static_cast<Eigen::Index>(i)) =
        (m.leftCols<3>() * shaped_->rest_vertices.row(chosen[i]).transpose() + m.col(3)).transpose();
  }
  return out;
}

body::Pose Figure::pose() const {
  body::Pose pose = rig_->model.rest_pose();
  for (std::size_t b = 0; b < turn.size(); ++b) {
    const Eigen::AngleAxisd a(turn[b]);
    pose.rotations.row(static_cast<Eigen::Index>(b)) = (a.angle() * a.axis()).transpose();
  }
  return pose;
}

}  // namespace tactus::synth
