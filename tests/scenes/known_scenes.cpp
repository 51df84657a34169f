#include "known_scenes.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <numbers>

#include "tactus/error.h"
#include "tactus/objects/library.h"
#include "tactus/random.h"
#include "tactus/reconstruct/correspondence_search.h"

namespace tactus::scenes {
namespace {

using Eigen::Matrix3d;
using Eigen::Vector3d;
using geometry::Mesh;
using geometry::Vertices;

constexpr double kRadians = std::numbers::pi / 180.0;

Matrix3d turn(double x, double y, double z) {   // degrees; about z, then x, then y
  return (Eigen::AngleAxisd(y * kRadians, Vector3d::UnitY()) * Eigen::AngleAxisd(x * kRadians, Vector3d::UnitX()) *
          Eigen::AngleAxisd(z * kRadians, Vector3d::UnitZ()))
      .toRotationMatrix();
}

struct Joint {
  const char* bone;
  double x, y, z;   // rotation vector, degrees
};

struct Recipe {
  const char* name;
  const char* interaction;
  const char* object;
  int width, height;
  double body_yaw, body_pitch;       // degrees; yaw 0 looks at the camera
  std::vector<Joint> pose;
  Vector3d object_turn;              // degrees x, y, z, in the body's frame (y up, faces +z)
  const char* object_part;           // its mean …
  std::vector<const char*> body_parts;   // … is put on the mean of these parts …
  Vector3d offset;                   // … plus this, metres, in the body's frame …
  Vector3d slide;                    // … and slid along this from afar until they touch
  bool chair_like = false, symmetric = false, visible_only = false, noisy_contact = false, fit_scale = false;
  Vector3d file_turn = {0, 0, 0};    // rotation vector, degrees: how the file's axes differ from an upright object's
  double max_edge = 0.03;            // metres: contact is told a vertex, so a thin handle needs short ones
  double field_of_view = 0.0;        // degrees; 0 = the virtual camera of the person's box (METHOD.md §8.2)
};

const std::vector<Joint> kSeated = {{"upperleg01.L", -85, 0, 8}, {"upperleg01.R", -85, 0, -8}, {"lowerleg01.L", 85, 0, 0},
                                    {"lowerleg01.R", 85, 0, 0}, {"upperarm01.L", -25, 0, -20}, {"upperarm01.R", -25, 0, 20},
                                    {"spine03", 4, 0, 0}};
const std::vector<Joint> kStanding = {{"upperarm01.L", -10, 0, -25}, {"upperarm01.R", -10, 0, 25}};
const std::vector<Joint> kRightArmUp = {{"upperarm01.R", -60, 0, -10}, {"lowerarm01.R", -30, 0, 0}, {"upperarm01.L", 0, 0, -25}};
const std::vector<Joint> kRiding = {{"upperleg01.L", -60, 0, 4}, {"upperleg01.R", -25, 0, -4}, {"lowerleg01.L", 80, 0, 0},
                                    {"lowerleg01.R", 35, 0, 0}, {"spine04", 20, 0, 0}, {"spine02", 15, 0, 0},
                                    {"upperarm01.L", -55, 0, -20}, {"upperarm01.R", -55, 0, 20}};
const std::vector<Joint> kLeaning = {{"spine04", 18, 0, 0}, {"spine02", 15, 0, 0}, {"upperarm01.L", -35, 0, -22},
                                     {"upperarm01.R", -35, 0, 22}};

const std::vector<Recipe>& recipes() {
  static const std::vector<Recipe> list = {
      {.name = "chair", .interaction = "sit on", .object = "chair", .width = 640, .height = 480, .body_yaw = 35, .body_pitch = 8,
       .pose = kSeated, .object_turn = {0, 0, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"}, .offset = {0, 0, .08},
       .slide = {0, 1, 0}, .chair_like = true},
      {.name = "chair bad start", .interaction = "sit on", .object = "chair", .width = 1280, .height = 960, .body_yaw = -50,
       .body_pitch = 12, .pose = kSeated, .object_turn = {0, 6, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"},
       .offset = {.01, 0, .06}, .slide = {0, 1, 0}, .chair_like = true, .file_turn = {60, 75, -35}},
      {.name = "chair visible", .interaction = "sit on", .object = "chair", .width = 640, .height = 480, .body_yaw = 20,
       .body_pitch = 10, .pose = kSeated, .object_turn = {0, -4, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"},
       .offset = {0, 0, .05}, .slide = {0, 1, 0}, .chair_like = true, .visible_only = true},
      {.name = "chair small", .interaction = "sit on", .object = "chair", .width = 640, .height = 480, .body_yaw = 60,
       .body_pitch = 5, .pose = kSeated, .object_turn = {0, 3, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"},
       .offset = {0, 0, .07}, .slide = {0, 1, 0}, .chair_like = true, .fit_scale = true},
      {.name = "chair noisy", .interaction = "sit on", .object = "chair", .width = 640, .height = 480, .body_yaw = 140,
       .body_pitch = 10, .pose = kSeated, .object_turn = {0, 0, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"},
       .offset = {0, 0, .07}, .slide = {0, 1, 0}, .chair_like = true, .noisy_contact = true, .file_turn = {0, 110, 0}},
      {.name = "bench", .interaction = "sit on", .object = "bench", .width = 1280, .height = 960, .body_yaw = -25, .body_pitch = 14,
       .pose = kSeated, .object_turn = {0, -5, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"}, .offset = {.2, 0, .06},
       .slide = {0, 1, 0}, .chair_like = true, .visible_only = true, .file_turn = {0, 0, 90}},
      {.name = "stool", .interaction = "sit on", .object = "stool", .width = 640, .height = 480, .body_yaw = 80, .body_pitch = 6,
       .pose = kSeated, .object_turn = {0, 20, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"}, .offset = {0, 0, .06},
       .slide = {0, 1, 0}, .symmetric = true},
      {.name = "table", .interaction = "lean on", .object = "table", .width = 640, .height = 480, .body_yaw = 40, .body_pitch = 12,
       .pose = kLeaning, .object_turn = {0, 0, 0}, .object_part = "top", .body_parts = {"left hand", "right hand"},
       .offset = {0, 0, .25}, .slide = {0, 1, 0}, .chair_like = true, .visible_only = true, .field_of_view = 40},
      {.name = "racket", .interaction = "hold", .object = "racket", .width = 640, .height = 480, .body_yaw = 15, .body_pitch = 0,
       .pose = kRightArmUp, .object_turn = {70, 25, 0}, .object_part = "handle", .body_parts = {"right hand"}, .offset = {.0, -.02, .05},
       .slide = {.4, .9, 0}, .symmetric = true},
      {.name = "bat", .interaction = "hold", .object = "bat", .width = 1280, .height = 960, .body_yaw = -30, .body_pitch = 5,
       .pose = kRightArmUp, .object_turn = {50, -30, 20}, .object_part = "handle", .body_parts = {"right hand"},
       .offset = {0, -.02, .04}, .slide = {.3, .95, 0}, .symmetric = true, .file_turn = {90, 0, 0}, .max_edge = 0.012},
      {.name = "skateboard", .interaction = "ride", .object = "skateboard", .width = 640, .height = 480, .body_yaw = 30, .body_pitch = 15,
       .pose = {{"upperleg01.L", -20, 0, 9}, {"upperleg01.R", -20, 0, -9}, {"lowerleg01.L", 25, 0, 0}, {"lowerleg01.R", 25, 0, 0},
                {"upperarm01.L", 0, 0, 20}, {"upperarm01.R", 0, 0, -20}},
       .object_turn = {0, 90, 0}, .object_part = "deck", .body_parts = {"left sole", "right sole"}, .offset = {0, 0, 0},
       .slide = {0, 1, 0}, .symmetric = true, .visible_only = true},
      {.name = "suitcase", .interaction = "carry", .object = "suitcase", .width = 640, .height = 480, .body_yaw = 60, .body_pitch = 4,
       .pose = kStanding, .object_turn = {0, 90, 0}, .object_part = "handle", .body_parts = {"right hand"}, .offset = {0, 0, 0},
       .slide = {0, 1, 0}, .symmetric = true, .visible_only = true},
      {.name = "bicycle", .interaction = "ride", .object = "bicycle", .width = 1280, .height = 960, .body_yaw = 70, .body_pitch = 5,
       .pose = kRiding, .object_turn = {0, 0, 0}, .object_part = "saddle", .body_parts = {"left buttock", "right buttock"}, .offset = {0, 0, .02},
       .slide = {0, 1, 0}, .chair_like = true, .visible_only = true},
      {.name = "guitar", .interaction = "play", .object = "guitar", .width = 640, .height = 480, .body_yaw = 10, .body_pitch = 5,
       .pose = {{"upperarm01.L", -25, 0, -10}, {"lowerarm01.L", -70, 0, 0}, {"upperarm01.R", 0, 0, 15}, {"lowerarm01.R", -60, 0, 0}},
       .object_turn = {0, 0, -70}, .object_part = "body", .body_parts = {"abdomen"}, .offset = {-.05, .02, .1}, .slide = {0, 0, -1},
       .chair_like = true, .visible_only = true, .field_of_view = 45},
      // The bundled sample: the library's own chair, seen by the camera that the body fit assumes.
      {.name = "seat", .interaction = "sit on", .object = "chair", .width = 640, .height = 480, .body_yaw = -40, .body_pitch = 10,
       .pose = kSeated, .object_turn = {0, 0, 0}, .object_part = "seat", .body_parts = {"left buttock", "right buttock"},
       .offset = {0, 0, .07}, .slide = {0, 1, 0}, .chair_like = true, .visible_only = true, .max_edge = 0, .field_of_view = 34.516},
  };
  return list;
}

reconstruct::Points6 positions(const Vertices& v) {
  reconstruct::Points6 six = reconstruct::Points6::Zero(v.rows(), 6);
  six.leftCols<3>() = v.cast<double>();
  return six;
}

std::vector<double> nearest_distances(const Vertices& from, const Vertices& to) {
  const auto search = reconstruct::make_cpu_correspondence_search();
  search->set_targets(positions(to));
  const auto ids = search->nearest(positions(from));
  std::vector<double> distances(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    distances[i] = static_cast<double>((from.row(static_cast<Eigen::Index>(i)) - to.row(ids[i])).norm());
  return distances;
}

// How deep the object reaches into the body, metres, judged at each object vertex by the nearest body vertex.
double penetration(const Vertices& object, const Mesh& body, const Vertices& normals, const reconstruct::CorrespondenceSearch& search) {
  const auto ids = search.nearest(positions(object));
  double deepest = 0.0;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Eigen::RowVector3f gap = object.row(static_cast<Eigen::Index>(i)) - body.vertices.row(ids[i]);
    if (gap.norm() < 0.15F) deepest = std::max(deepest, -static_cast<double>(gap.dot(normals.row(ids[i]))));
  }
  return deepest;
}

// Vertices of parts whose names begin with the given word.
Vector3d part_mean(const Vertices& vertices, const std::vector<std::string>& names, const std::vector<std::uint8_t>& parts,
                   const std::string& word, const std::string& whose) {
  Vector3d sum = Vector3d::Zero();
  double count = 0.0;
  for (Eigen::Index i = 0; i < vertices.rows(); ++i) {
    if (names[parts[static_cast<std::size_t>(i)]].rfind(word, 0) != 0) continue;
    sum += vertices.row(i).transpose().cast<double>();
    count += 1.0;
  }
  if (count == 0.0) throw bad_input(whose + ": it has no part " + word);
  return sum / count;
}

ImageU8 silhouette(const views::RasterMaps& maps) {
  ImageU8 mask(maps.face_ids.width, maps.face_ids.height);
  for (std::size_t i = 0; i < mask.data.size(); ++i) mask.data[i] = maps.face_ids.data[i] >= 0 ? 255 : 0;
  return mask;
}

Eigen::VectorXf contact_of(const std::vector<double>& distances, Random& random) {
  // 0.5 at 3 cm, with 3 % noise.
  Eigen::VectorXf p(static_cast<Eigen::Index>(distances.size()));
  for (std::size_t i = 0; i < distances.size(); ++i)
    p[static_cast<Eigen::Index>(i)] =
        static_cast<float>(std::clamp(1.25 - distances[i] / 0.04 + 0.03 * random.normal(), 0.0, 1.0));
  return p;
}

void set_around(const Vertices& vertices, Eigen::Index centre, double radius, float value, Eigen::VectorXf& p) {
  const Eigen::RowVector3f at = vertices.row(centre);
  for (Eigen::Index i = 0; i < p.size(); ++i)
    if ((vertices.row(i) - at).norm() < static_cast<float>(radius)) p[i] = value;
}

// Two holes of 6 cm and a false patch of 5 cm on each of the two.
void spoil(const Vertices& vertices, Eigen::VectorXf& p, Random& random) {
  std::vector<Eigen::Index> in, out;
  for (Eigen::Index i = 0; i < p.size(); ++i) (p[i] > 0.5F ? in : out).push_back(i);
  for (int hole = 0; hole < 2; ++hole)
    set_around(vertices, in[random.below(static_cast<std::uint32_t>(in.size()))], 0.03, 0.02F, p);
  set_around(vertices, out[random.below(static_cast<std::uint32_t>(out.size()))], 0.05, 0.9F, p);
}

}  // namespace

std::vector<std::string> scene_names() {
  std::vector<std::string> names;
  for (const auto& recipe : recipes()) names.emplace_back(recipe.name);
  return names;
}

KnownScene make_scene(const std::string& name, const body::BodyModel& model, const views::ViewRenderer& renderer) {
  const auto& all = recipes();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Recipe& r) { return r.name == name; });
  if (found == all.end()) throw bad_input(name + ": no known scene has this name");
  const Recipe& recipe = *found;
  Random random(1000 + static_cast<std::uint64_t>(found - all.begin()));
  KnownScene scene;
  scene.name = recipe.name;
  scene.interaction = recipe.interaction;
  scene.object = recipe.object;
  scene.chair_like = recipe.chair_like;
  scene.symmetric = recipe.symmetric;
  scene.visible_only = recipe.visible_only;
  scene.noisy_contact = recipe.noisy_contact;
  scene.fit_scale = recipe.fit_scale;

  scene.phenotype.gender = random.uniform();
  scene.phenotype.height = random.uniform(0.3, 0.7);
  scene.phenotype.weight = random.uniform(0.35, 0.65);
  scene.pose = model.rest_pose();
  for (const auto& joint : recipe.pose)
    scene.pose.rotations.row(model.bone_index(joint.bone)) = Eigen::RowVector3d(joint.x, joint.y, joint.z) * kRadians;
  const auto posed = model.pose(model.shape(scene.phenotype), scene.pose);
  Mesh body{posed.vertices, model.faces()};
  const Vertices body_normals = geometry::vertex_normals(body);

  objects::ObjectOptions object_options;
  if (recipe.max_edge > 0.0) object_options.max_edge_m = recipe.max_edge;   // 0: the library's own
  objects::ObjectMesh object = objects::make_object(recipe.object, object_options);
  const Matrix3d object_turn = turn(recipe.object_turn.x(), recipe.object_turn.y(), recipe.object_turn.z());
  Vector3d target = Vector3d::Zero();
  for (const char* part : recipe.body_parts)
    target += part_mean(body.vertices, model.part_names(), model.vertex_parts(), part, "body") / static_cast<double>(recipe.body_parts.size());
  const Vector3d anchor = part_mean(object.mesh.vertices, object.part_names, object.vertex_parts, recipe.object_part, recipe.object);
  geometry::SimilarityTransform body_from_upright;
  body_from_upright.rotation = object_turn;
  const Vector3d start = target + recipe.offset - object_turn * anchor, slide = recipe.slide.normalized();
  const auto search = reconstruct::make_cpu_correspondence_search();
  search->set_targets(positions(body.vertices));
  for (double s = -0.35; s < 0.2; s += 0.002) {
    geometry::SimilarityTransform next = body_from_upright;
    next.translation = start + s * slide;
    if (s > -0.35 && penetration(geometry::transform(next, object.mesh.vertices), body, body_normals, *search) > 0.004) break;
    body_from_upright = next;
  }

  // The file's axes need not be an upright object's, nor its size the true one.
  geometry::SimilarityTransform upright_from_file;
  if (recipe.file_turn.norm() > 0.0)
    upright_from_file.rotation = Eigen::AngleAxisd(recipe.file_turn.norm() * kRadians, recipe.file_turn.normalized()).toRotationMatrix();
  if (recipe.fit_scale) upright_from_file.scale = 1.0 / 0.87;
  scene.photo_from_body.rotation = turn(recipe.body_pitch, 0, 0) * Matrix3d(Vector3d(1, -1, -1).asDiagonal()) * turn(0, recipe.body_yaw, 0);
  const auto in_photo = [&](const Vertices& v) { return geometry::transform(scene.photo_from_body, v); };
  Vertices together(body.vertices.rows() + object.mesh.vertices.rows(), 3);
  together << in_photo(body.vertices), in_photo(geometry::transform(body_from_upright, object.mesh.vertices));
  const auto box = geometry::bounding_box(together);
  const double w = recipe.width, h = recipe.height;
  const double share = 0.82;
  const auto size = box.size().cast<double>().eval();
  const double pixels_per_metre = share * std::min(w / size.x(), h / size.y());
  auto& camera = scene.input.camera;
  if (recipe.field_of_view > 0.0) {
    camera = geometry::camera_with_field_of_view(recipe.width, recipe.height, recipe.field_of_view);
  } else {
    // The person's box of OSX: 3:4, a quarter larger than the person.
    const auto person = geometry::bounding_box(in_photo(body.vertices)).size().cast<double>().eval();
    const double box_height = 1.25 * pixels_per_metre * std::max(person.y(), person.x() / 0.75);
    camera = geometry::osx_camera(recipe.width, recipe.height, {0.5 * w - 0.375 * box_height, 0.5 * h - 0.5 * box_height, 0.75 * box_height, box_height});
  }
  const double depth = camera.focal_x / pixels_per_metre + (recipe.field_of_view > 0.0 ? 0.5 * size.z() : 0.0);
  scene.photo_from_body.translation = Vector3d(0, 0, depth) - box.centre().cast<double>();
  scene.photo_from_object = scene.photo_from_body * body_from_upright * upright_from_file;
  auto& input = scene.input;
  input.human = {in_photo(body.vertices), body.faces};
  input.object = {geometry::transform(upright_from_file.inverse(), object.mesh.vertices), object.mesh.faces};
  const Mesh object_photo{geometry::transform(scene.photo_from_object, input.object.vertices), input.object.faces};

  const auto raster = views::raster_camera(camera);
  const auto body_maps = renderer.rasterise(input.human, raster), object_maps = renderer.rasterise(object_photo, raster);
  scene.whole_mask = input.object_mask = silhouette(object_maps);
  ImageU8 human_mask = silhouette(body_maps);
  scene.photo = ImageU8(recipe.width, recipe.height, 3, 196);
  const ImageU8 body_picture = renderer.shade(input.human, geometry::Colours::Constant(input.human.vertex_count(), 3, 0.7F), raster, body_maps, {{0, 2, 0}});
  geometry::Colours object_colour(object_photo.vertex_count(), 3);
  object_colour.rowwise() = Eigen::RowVector3f(0.75F, 0.5F, 0.25F);
  const ImageU8 object_picture = renderer.shade(object_photo, object_colour, raster, object_maps, {{0, 2, 0}});
  for (std::size_t i = 0; i < human_mask.data.size(); ++i) {
    const bool b = human_mask.data[i] != 0, o = scene.whole_mask.data[i] != 0;
    const bool body_in_front = b && (!o || body_maps.depth.data[i] < object_maps.depth.data[i]);
    if (b && !body_in_front) human_mask.data[i] = 0;          // what shows of each
    if (recipe.visible_only && body_in_front) input.object_mask.data[i] = 0;
    if (b || o)
      for (std::size_t c = 0; c < 3; ++c) scene.photo.data[3 * i + c] = (body_in_front ? body_picture : object_picture).data[3 * i + c];
  }
  input.human_mask = std::move(human_mask);

  input.human_contact = contact_of(nearest_distances(input.human.vertices, object_photo.vertices), random);
  input.object_contact = contact_of(nearest_distances(object_photo.vertices, input.human.vertices), random);
  if (recipe.noisy_contact) {
    spoil(input.human.vertices, input.human_contact, random);
    spoil(object_photo.vertices, input.object_contact, random);
  }
  if (recipe.fit_scale) input.object_size_spread = 0.1;
  return scene;
}

PoseError compare(const KnownScene& scene, const geometry::SimilarityTransform& fitted, const views::ViewRenderer& renderer) {
  PoseError error;
  error.rotation_deg = geometry::rotation_angle(fitted.rotation, scene.photo_from_object.rotation) / kRadians;
  const Vertices truth = geometry::transform(scene.photo_from_object, scene.input.object.vertices);
  const Vertices found = geometry::transform(fitted, scene.input.object.vertices);
  error.vertex_cm = 100.0 * static_cast<double>((truth - found).rowwise().norm().mean());
  error.depth_cm = 100.0 * static_cast<double>((found - truth).col(2).mean());
  const auto nearest = nearest_distances(found, truth);
  for (const double d : nearest) error.add_s_cm += 100.0 * d / static_cast<double>(nearest.size());
  const auto mask = silhouette(renderer.rasterise({found, scene.input.object.faces}, views::raster_camera(scene.input.camera)));
  double both = 0.0, either = 0.0;
  for (std::size_t i = 0; i < mask.data.size(); ++i) {
    const bool a = mask.data[i] != 0, b = scene.whole_mask.data[i] != 0;
    both += a && b ? 1.0 : 0.0;
    either += a || b ? 1.0 : 0.0;
  }
  error.iou = either > 0.0 ? both / either : 0.0;
  error.scale_percent = 100.0 * (fitted.scale / scene.photo_from_object.scale - 1.0);
  return error;
}

std::string shortfall(const KnownScene& scene, const PoseError& error) {
  std::string text;
  const auto need = [&](bool holds, const char* what, double limit) {
    if (holds) return;
    char sentence[80];
    std::snprintf(sentence, sizeof sentence, "%s%s %g", text.empty() ? "" : ", ", what, limit);
    text += sentence;
  };
  if (scene.symmetric) {
    need(error.add_s_cm <= 0.3, "ADD-S >", 0.3);
  } else {
    const double cm = scene.noisy_contact ? 1.0 : scene.fit_scale ? 0.7 : 0.6;
    need(error.vertex_cm <= cm, "distance >", cm);
    if (scene.chair_like && !scene.noisy_contact && !scene.fit_scale) {
      need(error.rotation_deg <= 0.5, "rotation >", 0.5);
      need(error.iou >= 0.98, "overlap <", 0.98);
    }
  }
  return text;
}

}  // namespace tactus::scenes
