#include "tactus/io/results.h"

#include <cmath>

#include "atomic_file.h"
#include "tactus/geometry/colour_map.h"
#include "tactus/io/glb.h"
#include "tactus/io/mesh_files.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/io/project.h"
#include "tactus/io/staged_folder.h"

namespace tactus::io {
namespace {

namespace fs = std::filesystem;
using pipeline::Analysis;

std::vector<float> flat(const Eigen::VectorXf& v) { return {v.data(), v.data() + v.size()}; }

template <typename Matrix>
std::vector<typename Matrix::Scalar> flat_rows(const Matrix& m) {
  return {m.data(), m.data() + m.size()};
}

std::vector<double> row_major(const Eigen::Matrix3d& m) {
  const Eigen::Matrix<double, 3, 3, Eigen::RowMajor> rows = m;
  return {rows.data(), rows.data() + 9};
}

void write_contacts(const fs::path& file, const Analysis& a) {
  NpzWriter npz(file);
  const auto v = static_cast<std::size_t>(a.body->mesh.vertex_count()), n = static_cast<std::size_t>(a.object->mesh.vertex_count());
  npz.add("body_contact", {v}, std::span<const float>(flat(a.body_contact->probability)));
  npz.add("body_coverage", {v}, std::span<const std::uint8_t>(a.body_contact->coverage));
  npz.add("object_contact", {n}, std::span<const float>(flat(a.object_contact->probability)));
  npz.add("object_coverage", {n}, std::span<const std::uint8_t>(a.object_contact->coverage));
  npz.add("body_vertices", {v, 3}, std::span<const float>(flat_rows(a.body->mesh.vertices)));
  npz.add("body_faces", {static_cast<std::size_t>(a.body->mesh.face_count()), 3}, std::span<const std::int32_t>(flat_rows(a.body->mesh.faces)));
  npz.add("object_faces", {static_cast<std::size_t>(a.object->mesh.face_count()), 3}, std::span<const std::int32_t>(flat_rows(a.object->mesh.faces)));
  npz.add("object_mesh_vertices", {n, 3}, std::span<const float>(flat_rows(a.object->mesh.vertices)));
  const auto& camera = a.body->camera;
  const double matrix[9] = {camera.focal_x, 0.0, camera.centre_x, 0.0, camera.focal_y, camera.centre_y, 0.0, 0.0, 1.0};
  npz.add("camera_matrix", {3, 3}, std::span<const double>(matrix));
  if (a.fit) {
    const auto& pose = a.fit->photo_from_object;
    npz.add("object_vertices", {n, 3}, std::span<const float>(flat_rows(geometry::transform(pose, a.object->mesh.vertices))));
    const Eigen::Matrix<double, 4, 4, Eigen::RowMajor> transform = pose.matrix();
    npz.add("photo_from_object", {4, 4}, std::span<const double>(transform.data(), 16));
    npz.add("scale", {}, std::span<const double>(&pose.scale, 1));
  }
  npz.finish();
}

void write_trace(const fs::path& file, const Analysis& a) {
  NpzWriter npz(file);
  std::vector<double> rotation, translation, rmse;
  const auto& candidate = pipeline::shown_candidate(a);
  for (const auto& r : candidate.records) {
    const auto m = row_major(r.photo_from_object.rotation);
    rotation.insert(rotation.end(), m.begin(), m.end());
    for (int k = 0; k < 3; ++k) translation.push_back(r.photo_from_object.translation[k]);
    rmse.push_back(r.rmse);
  }
  const std::size_t k = candidate.records.size();
  npz.add("align_rotation", {k, 3, 3}, std::span<const double>(rotation));
  npz.add("align_translation", {k, 3}, std::span<const double>(translation));
  npz.add("align_rmse", {k}, std::span<const double>(rmse));
  if (a.fit) {
    std::vector<double> r, t, s, mask, centroid, contact, prior, total, sigma;
    for (const auto& record : a.fit->records) {
      const auto m = row_major(record.photo_from_object.rotation);
      r.insert(r.end(), m.begin(), m.end());
      for (int axis = 0; axis < 3; ++axis) t.push_back(record.photo_from_object.translation[axis]);
      s.push_back(record.photo_from_object.scale);
      mask.push_back(record.loss_mask);
      centroid.push_back(record.loss_centroid);
      contact.push_back(record.loss_contact);
      prior.push_back(record.loss_scale_prior);
      total.push_back(record.loss_total);
      sigma.push_back(record.sigma_ndc2);
    }
    const std::size_t n = a.fit->records.size();
    npz.add("fit_rotation", {n, 3, 3}, std::span<const double>(r));
    npz.add("fit_translation", {n, 3}, std::span<const double>(t));
    npz.add("fit_scale", {n}, std::span<const double>(s));
    npz.add("fit_loss_mask", {n}, std::span<const double>(mask));
    npz.add("fit_loss_centroid", {n}, std::span<const double>(centroid));
    npz.add("fit_loss_contact", {n}, std::span<const double>(contact));
    npz.add("fit_loss_scale_prior", {n}, std::span<const double>(prior));
    npz.add("fit_loss_total", {n}, std::span<const double>(total));
    npz.add("fit_sigma", {n}, std::span<const double>(sigma));
    // The row whose pose is not a step from the one before it but its depth turned inside out; 0: none is.
    const auto reversed_at = static_cast<std::int32_t>(a.fit->reversed_at);
    npz.add("fit_reversed_at", {}, std::span<const std::int32_t>(&reversed_at, 1));
    // Every start that was tried, where it ended.
    const std::size_t trials = a.fit->trials.size();
    if (trials > 0) {
      std::vector<double> trial_rotation, trial_translation, trial_scale, trial_loss;
      std::vector<std::int32_t> iterations;
      std::vector<std::uint8_t> chosen;
      for (const auto& trial : a.fit->trials) {
        const auto& pose = trial.records.back().photo_from_object;
        const auto m = row_major(pose.rotation);
        trial_rotation.insert(trial_rotation.end(), m.begin(), m.end());
        for (int axis = 0; axis < 3; ++axis) trial_translation.push_back(pose.translation[axis]);
        trial_scale.push_back(pose.scale);
        trial_loss.push_back(trial.loss_total);
        iterations.push_back(static_cast<std::int32_t>(trial.records.size()));
        chosen.push_back(trial.chosen ? 1 : 0);
      }
      npz.add("trial_rotation", {trials, 3, 3}, std::span<const double>(trial_rotation));
      npz.add("trial_translation", {trials, 3}, std::span<const double>(trial_translation));
      npz.add("trial_scale", {trials}, std::span<const double>(trial_scale));
      npz.add("trial_loss_total", {trials}, std::span<const double>(trial_loss));
      npz.add("trial_iterations", {trials}, std::span<const std::int32_t>(iterations));
      npz.add("trial_chosen", {trials}, std::span<const std::uint8_t>(chosen));
    }
  }
  npz.finish();
}

void blend(ImageU8& picture, int column, int row, const std::array<float, 3>& colour, float share) {
  for (int k = 0; k < 3; ++k) {
    auto& c = picture.at(column, row, k);
    c = static_cast<std::uint8_t>((1.0F - share) * static_cast<float>(c) + share * 255.0F * colour[static_cast<std::size_t>(k)] + 0.5F);
  }
}

float interpolated(const Eigen::VectorXf& values, const views::RasterMaps& maps, int column, int row) {
  float sum = 0.0F;
  for (int k = 0; k < 3; ++k) sum += maps.barycentrics.at(column, row, k) * values[maps.vertex_ids.at(column, row, k)];
  return sum;
}

ImageU8 mask_picture(const ImageF& logits) {
  ImageU8 picture(logits.width, logits.height);
  for (std::size_t i = 0; i < logits.data.size(); ++i)
    picture.data[i] = static_cast<std::uint8_t>(255.0F / (1.0F + std::exp(-logits.data[i])) + 0.5F);
  return picture;
}

void write_views(const fs::path& folder, const std::string& subject, const std::vector<views::RenderedView>& rendered,
                 const std::vector<ImageF>* logits) {
  fs::create_directories(folder / "views");
  if (logits != nullptr) fs::create_directories(folder / "masks");
  for (std::size_t i = 0; i < rendered.size(); ++i) {
    const std::string name = subject + "_" + rendered[i].view.name + ".png";
    write_picture(folder / "views" / name, rendered[i].picture);
    if (logits != nullptr) write_picture(folder / "masks" / name, mask_picture((*logits)[i]));
  }
}

void write_all(const fs::path& folder, const Analysis& a, const ReportExtras& extras, const Progress& progress) {
  const auto told = [&](double fraction) {
    progress.check();
    progress.report(fraction);
  };
  told(0.0);
  write_text(folder / "report.json", report_json(a, extras) + "\n");
  if (a.body_contact && a.object_contact) {
    write_contacts(folder / "contacts.npz", a);
    const auto body_colours = geometry::contact_colours(a.body_contact->probability, a.body_contact->coverage);
    write_obj(folder / "body.obj", a.body->mesh, &body_colours);
    const auto object_colours = geometry::contact_colours(a.object_contact->probability, a.object_contact->coverage);
    geometry::Mesh object = a.object->mesh;
    if (a.fit) object.vertices = geometry::transform(a.fit->photo_from_object, object.vertices);
    write_obj(folder / "object.obj", object, &object_colours);
    told(0.2);
    write_scene(folder / "scene.glb", a);
  }
  told(0.3);
  if (a.align && !a.align->candidates.empty()) write_trace(folder / "trace.npz", a);
  told(0.4);
  if (a.body_views) write_views(folder, "body", *a.body_views, a.prediction ? &a.prediction->body_logits : nullptr);
  told(0.6);
  if (a.object_views) write_views(folder, "object", *a.object_views, a.prediction ? &a.prediction->object_logits : nullptr);
  told(0.8);
  if (extras.renderer != nullptr && a.fit) write_picture(folder / "overlay.png", overlay_picture(a, *extras.renderer));
  told(0.9);
  write_project(folder / "analysis.tactus", *a.inputs, a.options);
}

}  // namespace

std::vector<geometry::SimilarityTransform> animation_frames(const Analysis& a) {
  std::vector<geometry::SimilarityTransform> frames;
  if (a.align && !a.align->candidates.empty())
    for (const auto& r : pipeline::shown_candidate(a).records) frames.push_back(r.photo_from_object);
  if (a.fit) {
    for (const auto& r : a.fit->records) frames.push_back(r.photo_from_object);
    frames.push_back(a.fit->photo_from_object);
  }
  return frames;
}

void write_scene(const fs::path& file, const Analysis& a) {
  SceneExport scene;
  scene.body = a.body->mesh;
  scene.body_colours = geometry::contact_colours(a.body_contact->probability, a.body_contact->coverage);
  scene.object = a.object->mesh;
  scene.object_colours = geometry::contact_colours(a.object_contact->probability, a.object_contact->coverage);
  scene.photo_from_object = animation_frames(a);
  scene.camera = a.body->camera;
  write_scene_glb(file, scene);
}

ImageU8 overlay_picture(const Analysis& a, const views::ViewRenderer& renderer) {
  ImageU8 picture = a.inputs->photo;
  const auto camera = views::raster_camera(a.body->camera);
  const auto body = renderer.rasterise(a.body->mesh, camera);
  geometry::Mesh posed = a.object->mesh;
  posed.vertices = geometry::transform(a.fit->photo_from_object, posed.vertices);
  const auto object = renderer.rasterise(posed, camera);
  for (int row = 0; row < picture.height; ++row) {
    for (int column = 0; column < picture.width; ++column) {
      const bool on_body = body.face_ids.at(column, row) >= 0, on_object = object.face_ids.at(column, row) >= 0;
      if (on_object && (!on_body || object.depth.at(column, row) <= body.depth.at(column, row))) {
        blend(picture, column, row, geometry::contact_colour(interpolated(a.object_contact->probability, object, column, row)), 0.65F);
      } else if (on_body) {
        blend(picture, column, row, geometry::contact_colour(interpolated(a.body_contact->probability, body, column, row)), 0.5F);
      }
      // The object's outline, also where the body hides it.
      const auto edge = [&](int dc, int dr) {
        const int c = column + dc, r = row + dr;
        return c >= 0 && r >= 0 && c < picture.width && r < picture.height && object.face_ids.at(c, r) < 0;
      };
      if (on_object && (edge(1, 0) || edge(-1, 0) || edge(0, 1) || edge(0, -1))) blend(picture, column, row, {1.0F, 0.9F, 0.2F}, 0.9F);
    }
  }
  return picture;
}

void write_results(const fs::path& folder, const Analysis& analysis, const ReportExtras& extras, const Progress& progress) {
  StagedFolder staged(folder);
  try {
    write_all(staged.path(), analysis, extras, progress);
  } catch (const fs::filesystem_error& problem) {
    throw cannot_run(folder.string() + ": the results could not be written (" + problem.code().message() + ")");
  }
  progress.check();
  staged.commit();
}

}  // namespace tactus::io
