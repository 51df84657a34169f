#include "tactus/synth/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "clothing.h"
#include "raster.h"
#include "tactus/error.h"
#include "textures.h"

namespace tactus::synth {
namespace {

using Vector = Eigen::Vector3f;

struct Surface {
  const geometry::Vertices* vertices;   // frame photo
  const geometry::Faces* faces;
  const geometry::Vertices* rest;       // where patterns stick
  geometry::Vertices normals;
  std::uint8_t label = kNothing;
  Look look;
  const Clothes* clothes = nullptr;     // of the body instead of `look`
};

geometry::PinholeCamera scaled(const geometry::PinholeCamera& camera, double factor) {
  geometry::PinholeCamera c = camera;
  c.width = std::max(1, static_cast<int>(std::lround(camera.width * factor)));
  c.height = std::max(1, static_cast<int>(std::lround(camera.height * factor)));
  const double sx = static_cast<double>(c.width) / camera.width, sy = static_cast<double>(c.height) / camera.height;
  c.focal_x *= sx;
  c.focal_y *= sy;
  c.centre_x *= sx;
  c.centre_y *= sy;
  return c;
}

// Light from one side with the shadows of the surfaces, and from the sky.
class Light {
 public:
  Light(const std::vector<Surface>& surfaces, const Vector& up, double variation, Random& random) {
    const double azimuth = random.uniform(0.0, 6.283), height = random.uniform(0.35, 1.3);
    const double side = random.uniform(0.25, 0.9), sky = random.uniform(0.35, 0.75), warmth = random.uniform(-0.12, 0.12);
    Vector across = up.cross(Vector::UnitX());
    if (across.norm() < 0.1F) across = up.cross(Vector::UnitZ());
    across.normalize();
    const Vector along = up.cross(across);
    to_light_ = (std::cos(static_cast<float>(height)) * (std::cos(static_cast<float>(azimuth)) * across + std::sin(static_cast<float>(azimuth)) * along) +
                 std::sin(static_cast<float>(height)) * up).normalized();
    up_ = up;
    side_ = static_cast<float>(side);
    sky_ = static_cast<float>(sky);
    tint_ = Colour(1.0F + static_cast<float>(warmth), 1.0F, 1.0F - static_cast<float>(warmth));
    if (variation <= 0.0) {
      side_ = 0.3F;
      sky_ = 0.7F;
      tint_ = Colour::Ones();
      shadows_ = false;
      return;
    }
    shadow_map(surfaces);
  }

  Colour lit(const Colour& albedo, const Vector& point, const Vector& normal, const Vector& to_eye, float shine) const {
    const float facing = std::max(0.0F, normal.dot(to_light_));
    const float direct = facing > 0.0F ? facing * lit_part(point + 0.012F * normal) : 0.0F;
    const float ambient = sky_ * (0.7F + 0.3F * normal.dot(up_));
    const float glint = shine * direct * std::pow(std::max(0.0F, normal.dot((to_light_ + to_eye).normalized())), 24.0F);
    return (ambient + side_ * direct) * albedo.cwiseProduct(tint_) + glint * tint_;
  }

 private:
  static constexpr int kSize = 256;

  void shadow_map(const std::vector<Surface>& surfaces) {
    right_ = to_light_.unitOrthogonal();
    down_ = to_light_.cross(right_);
    Vector low = Vector::Constant(1e9F), high = Vector::Constant(-1e9F);
    for (const auto& s : surfaces) {
      low = low.cwiseMin(s.vertices->colwise().minCoeff().transpose());
      high = high.cwiseMax(s.vertices->colwise().maxCoeff().transpose());
    }
    centre_ = 0.5F * (low + high);
    radius_ = 0.5F * (high - low).norm() + 0.01F;
    // An orthographic view is a pinhole very far away; the rasteriser takes the depth as it is.
    distance_ = 1000.0F * radius_;
    geometry::PinholeCamera camera;
    camera.width = camera.height = kSize;
    camera.focal_x = camera.focal_y = 0.5 * kSize * static_cast<double>(distance_ / radius_);
    camera.centre_x = camera.centre_y = 0.5 * kSize;
    camera_ = camera;
    Fragments fragments(kSize, kSize);
    for (const auto& s : surfaces) {
      geometry::Vertices seen(s.vertices->rows(), 3);
      for (Eigen::Index i = 0; i < seen.rows(); ++i) seen.row(i) = from_light(s.vertices->row(i).transpose()).transpose();
      rasterise(seen, *s.faces, camera, 0, fragments);
    }
    depth_.resize(fragments.at.size());
    for (std::size_t i = 0; i < depth_.size(); ++i) depth_[i] = fragments.at[i].depth > 0 ? fragments.at[i].depth : 1e9F;
  }

  Vector from_light(const Vector& p) const {
    const Vector d = p - centre_;
    return {right_.dot(d), down_.dot(d), distance_ - to_light_.dot(d)};
  }

  // Mean over four neighbouring texels.
  float lit_part(const Vector& p) const {
    if (!shadows_) return 1.0F;
    const Vector q = from_light(p);
    const Eigen::Vector2d pixel = camera_.project(q.cast<double>());
    const float bias = 2.5F * radius_ / kSize;
    float sum = 0;
    for (int k = 0; k < 4; ++k) {
      const int column = static_cast<int>(std::floor(pixel.x() - 0.5)) + (k & 1), row = static_cast<int>(std::floor(pixel.y() - 0.5)) + (k >> 1);
      const bool outside = column < 0 || row < 0 || column >= kSize || row >= kSize;
      sum += outside || q.z() < depth_[static_cast<std::size_t>(row) * kSize + static_cast<std::size_t>(column)] + bias ? 0.25F : 0.0F;
    }
    return sum;
  }

  Vector to_light_, up_, right_, down_, centre_ = Vector::Zero();
  Colour tint_;
  float side_ = 0, sky_ = 0, radius_ = 1, distance_ = 1;
  bool shadows_ = true;
  geometry::PinholeCamera camera_;
  std::vector<float> depth_;
};

// A flat shape in the picture, of what stands behind the scene or in its way.
struct Shape {
  Eigen::Vector2f centre, half;
  float turn = 0;
  bool round = false;
  Look look;
  float shade = 1;
  bool covers(float x, float y) const {
    const float c = std::cos(turn), s = std::sin(turn);
    const float u = (c * (x - centre.x()) + s * (y - centre.y())) / half.x(), v = (c * (y - centre.y()) - s * (x - centre.x())) / half.y();
    return round ? u * u + v * v < 1.0F : std::abs(u) < 1.0F && std::abs(v) < 1.0F;
  }
};

Shape any_shape(const geometry::PinholeCamera& camera, double smallest, double largest, double variation, Random& random) {
  Shape shape;
  shape.centre = {static_cast<float>(random.uniform(0.0, camera.width)), static_cast<float>(random.uniform(0.0, camera.height))};
  for (int k = 0; k < 2; ++k) shape.half[k] = static_cast<float>(random.uniform(smallest, largest) * std::max(camera.width, camera.height));
  shape.turn = random.uniform() < 0.6 ? 0.0F : static_cast<float>(random.uniform(-0.8, 0.8));
  shape.round = random.uniform() < 0.3;
  shape.look = any_look(random, variation);
  shape.shade = static_cast<float>(random.uniform(0.5, 1.1));
  return shape;
}

class Surroundings {
 public:
  Surroundings(const Scene& scene, const geometry::PinholeCamera& camera, double variation, Random& random) : camera_(camera) {
    up_ = (scene.photo_from_world.rotation * Eigen::Vector3d::UnitY()).cast<float>();
    floor_point_ = scene.photo_from_world.translation.cast<float>();
    world_from_photo_ = scene.photo_from_world.rotation.transpose().cast<float>();
    floor_ = any_look(random, variation);
    floor_.frequency *= 0.25F;
    wall_ = any_look(random, variation);
    wall_.frequency *= 0.2F;
    sky_low_ = any_colour(random);
    sky_high_ = any_colour(random);
    outdoors_ = random.uniform() < 0.4;
    has_floor_ = random.uniform() < 0.85;
    wall_distance_ = static_cast<float>(random.uniform(4.0, 14.0));
    const auto things = random.below(14);
    for (std::uint32_t i = 0; i < things; ++i) clutter_.push_back(any_shape(camera, 0.01, 0.25, variation, random));
    const double in_the_way = random.uniform();
    const int covers = in_the_way < 0.75 ? 0 : in_the_way < 0.93 ? 1 : 2;
    for (int i = 0; i < covers; ++i) in_the_way_.push_back(any_shape(camera, 0.015, 0.12, variation, random));
    if (variation <= 0.0) {
      clutter_.clear();
      in_the_way_.clear();
      outdoors_ = has_floor_ = false;
    }
  }

  const std::vector<Shape>& in_the_way() const { return in_the_way_; }

  // Colour behind everything, at a sample of the picture.
  Colour behind(float x, float y, const Light& light) const {
    for (auto shape = clutter_.rbegin(); shape != clutter_.rend(); ++shape) {
      if (shape->covers(x, y)) return shape->shade * shape->look.at(on_picture(x, y));
    }
    const Vector ray((x - static_cast<float>(camera_.centre_x)) / static_cast<float>(camera_.focal_x),
                     (y - static_cast<float>(camera_.centre_y)) / static_cast<float>(camera_.focal_y), 1.0F);
    if (has_floor_) {
      const float slope = ray.dot(up_);
      const float depth = slope < -1e-4F ? floor_point_.dot(up_) / slope : -1.0F;
      if (depth > 0.1F && depth < (outdoors_ ? 60.0F : wall_distance_)) {
        const Vector point = depth * ray;
        return light.lit(floor_.at(world_from_photo_ * (point - floor_point_)), point, up_, -ray.normalized(), 0.0F);
      }
    }
    if (outdoors_) {
      const float t = std::clamp(y / static_cast<float>(camera_.height), 0.0F, 1.0F);
      return t * sky_low_ + (1.0F - t) * sky_high_;
    }
    return 0.8F * wall_.at(wall_distance_ * ray);
  }

  // A pattern of about the scene's scale on what has no depth.
  Vector on_picture(float x, float y) const { return 3.0F / static_cast<float>(std::max(camera_.width, camera_.height)) * Vector(x, y, 0.0F); }

 private:
  geometry::PinholeCamera camera_;
  Vector up_, floor_point_;
  Eigen::Matrix3f world_from_photo_;
  Look floor_, wall_;
  Colour sky_low_, sky_high_;
  bool outdoors_ = false, has_floor_ = true;
  float wall_distance_ = 6;
  std::vector<Shape> clutter_, in_the_way_;
};

void blur(ImageF& picture, double sigma) {
  if (sigma < 0.15) return;
  const int reach = static_cast<int>(std::ceil(2.5 * sigma));
  std::vector<float> kernel(static_cast<std::size_t>(2 * reach + 1));
  float sum = 0;
  for (int i = -reach; i <= reach; ++i) sum += kernel[static_cast<std::size_t>(i + reach)] = static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)));
  for (const bool along : {true, false}) {
    const ImageF from = picture;
    for (int row = 0; row < picture.height; ++row)
      for (int column = 0; column < picture.width; ++column)
        for (int k = 0; k < 3; ++k) {
          float value = 0;
          for (int i = -reach; i <= reach; ++i)
            value += kernel[static_cast<std::size_t>(i + reach)] * from.at(std::clamp(column + (along ? i : 0), 0, picture.width - 1),
                                                                          std::clamp(row + (along ? 0 : i), 0, picture.height - 1), k);
          picture.at(column, row, k) = value / sum;
        }
  }
}

// What a lens, a sensor and a file do to a picture.
ImageU8 photographed(ImageF picture, double variation, Random& random, const Progress& progress) {
  const double sigma = 0.9 * std::pow(random.uniform(), 2.0), exposure = std::exp(0.25 * random.normal()), gamma = std::exp(0.15 * random.normal());
  std::array<double, 3> balance{};
  for (double& b : balance) b = std::exp(0.06 * random.normal());
  const double grain = 0.035 * std::pow(random.uniform(), 2.0), dark_corners = 0.35 * std::pow(random.uniform(), 2.0);
  const bool compressed = random.uniform() < 0.8, grey = random.uniform() < 0.06;
  const int quality = 30 + static_cast<int>(random.below(66));
  ImageU8 rgb(picture.width, picture.height, 3);
  if (variation <= 0.0) {
    for (std::size_t i = 0; i < rgb.data.size(); ++i) rgb.data[i] = static_cast<std::uint8_t>(std::lround(255.0F * std::clamp(picture.data[i], 0.0F, 1.0F)));
    return rgb;
  }
  blur(picture, sigma);
  for (int row = 0; row < picture.height; ++row) {
    progress.check();
    for (int column = 0; column < picture.width; ++column) {
      const double u = 2.0 * column / picture.width - 1.0, v = 2.0 * row / picture.height - 1.0;
      const double corner = 1.0 - dark_corners * 0.5 * (u * u + v * v);
      std::array<double, 3> c{};
      for (int k = 0; k < 3; ++k)
        c[static_cast<std::size_t>(k)] = corner * exposure * balance[static_cast<std::size_t>(k)] * std::pow(std::max(0.0F, picture.at(column, row, k)), gamma) + grain * random.normal();
      if (grey) c.fill((c[0] + c[1] + c[2]) / 3.0);
      for (int k = 0; k < 3; ++k) rgb.at(column, row, k) = static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(c[static_cast<std::size_t>(k)], 0.0, 1.0)));
    }
  }
  progress.check();
  return compressed ? jpeg_artefacts(rgb, quality) : rgb;
}

}  // namespace

Picture draw(const Scene& scene, const body::BodyModel& model, const PictureOptions& options, Random& random, const Progress& progress) {
  if (options.larger_side < 8 || options.larger_side > 4096 || options.supersampling < 1 || options.supersampling > 8)
    throw bad_input("picture: " + std::to_string(options.larger_side) + " pixels with " + std::to_string(options.supersampling) +
                    " samples a direction are outside 8 to 4096 and 1 to 8");
  Picture result;
  result.camera = scaled(scene.camera, static_cast<double>(options.larger_side) / std::max(scene.camera.width, scene.camera.height));
  const auto fine = scaled(result.camera, options.supersampling);
  const Clothes clothes = dress(model, *scene.shaped, options.variation, random);

  std::vector<Surface> surfaces(1);
  std::vector<std::uint8_t> touched(static_cast<std::size_t>(scene.vertices.rows()), 0);
  for (const SceneObject& o : scene.objects)
    for (std::size_t v = 0; v < o.body_contact.size(); ++v) touched[v] = static_cast<std::uint8_t>(touched[v] | o.body_contact[v]);
  const geometry::Vertices outside = dressed(scene.vertices, model.faces(), clothes, touched);
  surfaces[0] = {&outside, &model.faces(), &scene.shaped->rest_vertices, geometry::vertex_normals({outside, model.faces()}), kBody, {}, &clothes};
  std::vector<geometry::Vertices> placed(scene.objects.size());
  for (std::size_t k = 0; k < scene.objects.size(); ++k) {
    const auto& mesh = scene.objects[k].object->mesh;
    placed[k] = geometry::transform(scene.objects[k].photo_from_object, mesh.vertices);
    surfaces.push_back({&placed[k], &mesh.faces, &mesh.vertices, geometry::vertex_normals({placed[k], mesh.faces}),
                        static_cast<std::uint8_t>(kFirstObject + k), any_look(random, options.variation), nullptr});
  }
  Fragments fragments(fine.width, fine.height);
  for (std::size_t s = 0; s < surfaces.size(); ++s) {
    progress.check();
    rasterise(*surfaces[s].vertices, *surfaces[s].faces, fine, static_cast<std::int32_t>(s), fragments);
  }

  const Vector up = (scene.photo_from_world.rotation * Eigen::Vector3d::UnitY()).cast<float>();
  const Light light(surfaces, up, options.variation, random);
  const Surroundings surroundings(scene, fine, options.variation, random);

  const int n = options.supersampling;
  ImageF picture(result.camera.width, result.camera.height, 3, 0.0F);
  result.labels = ImageU8(picture.width, picture.height);
  result.body_parts = ImageU8(picture.width, picture.height);
  for (int row = 0; row < fine.height; ++row) {
    progress.check();
    for (int column = 0; column < fine.width; ++column) {
      const float x = static_cast<float>(column) + 0.5F, y = static_cast<float>(row) + 0.5F;
      const Fragment& hit = fragments.at[static_cast<std::size_t>(row) * static_cast<std::size_t>(fine.width) + static_cast<std::size_t>(column)];
      Colour colour;
      std::uint8_t label = kNothing, part = 0;
      const auto cover = std::find_if(surroundings.in_the_way().begin(), surroundings.in_the_way().end(), [&](const Shape& s) { return s.covers(x, y); });
      if (cover != surroundings.in_the_way().end()) {
        colour = cover->shade * cover->look.at(surroundings.on_picture(x, y));
        label = kInTheWay;
      } else if (hit.surface < 0) {
        colour = surroundings.behind(x, y, light);
      } else {
        const Surface& surface = surfaces[static_cast<std::size_t>(hit.surface)];
        const std::array<float, 3> w = {hit.weights[0], hit.weights[1], 1.0F - hit.weights[0] - hit.weights[1]};
        Vector point = Vector::Zero(), normal = Vector::Zero(), rest = Vector::Zero();
        Eigen::Index nearest = (*surface.faces)(hit.face, 0);
        float most = -1;
        for (int k = 0; k < 3; ++k) {
          const Eigen::Index v = (*surface.faces)(hit.face, k);
          const float weight = w[static_cast<std::size_t>(k)];
          point += weight * surface.vertices->row(v).transpose();
          normal += weight * surface.normals.row(v).transpose();
          rest += weight * surface.rest->row(v).transpose();
          if (weight > most) {
            most = weight;
            nearest = v;
          }
        }
        normal.normalize();
        const Vector to_eye = -point.normalized();
        if (normal.dot(to_eye) < 0) normal = -normal;
        const Look& look = surface.clothes != nullptr ? surface.clothes->looks[surface.clothes->layer[static_cast<std::size_t>(nearest)]] : surface.look;
        colour = light.lit(look.at(rest), point, normal, to_eye, look.shine);
        label = surface.label;
        if (label == kBody) part = static_cast<std::uint8_t>(model.vertex_parts()[static_cast<std::size_t>(nearest)] + 1);
      }
      const int coarse_column = column / n, coarse_row = row / n;
      for (int k = 0; k < 3; ++k) picture.at(coarse_column, coarse_row, k) += colour[k] / static_cast<float>(n * n);
      if (column % n == n / 2 && row % n == n / 2) {
        result.labels.at(coarse_column, coarse_row) = label;
        result.body_parts.at(coarse_column, coarse_row) = part;
      }
    }
  }
  progress.check();
  result.rgb = photographed(std::move(picture), options.variation, random, progress);
  return result;
}

}  // namespace tactus::synth
