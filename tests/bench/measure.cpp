// Wall times of the engine's steps against the budgets, one line each: thing, measured, unit, budget,
// processor time of all threads.
// Run by measure.py, which adds what needs whole programs. Medians; nothing here passes or fails.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <vector>

#include "tactus/app/networks.h"
#include "tactus/contact/lift.h"
#include "tactus/contact/predictor.h"
#include "tactus/io/body_files.h"
#include "tactus/parallel.h"
#include "tactus/pipeline/preview.h"
#include "tactus/pipeline/runner.h"
#include "tactus/render/cpu.h"

namespace {

using namespace tactus;

struct Time {
  double wall_ms = 0.0, processor_ms = 0.0;   // the latter over all threads
};

Time median(int times, const std::function<void()>& work) {
  std::vector<double> wall, processor;
  for (int i = 0; i < times; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    const std::clock_t ticks = std::clock();
    work();
    processor.push_back(1e3 * static_cast<double>(std::clock() - ticks) / CLOCKS_PER_SEC);
    wall.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
  }
  std::sort(wall.begin(), wall.end());
  std::sort(processor.begin(), processor.end());
  return {wall[wall.size() / 2], processor[processor.size() / 2]};
}

Time operator/(const Time& t, double n) { return {t.wall_ms / n, t.processor_ms / n}; }
Time operator+(const Time& a, const Time& b) { return {a.wall_ms + b.wall_ms, a.processor_ms + b.processor_ms}; }

// budget 0: none is set.
void report(const char* thing, const Time& time, double budget_ms) {
  std::printf("%s\t%.1f\tms\t%.1f\t%.1f\n", thing, time.wall_ms, budget_ms, time.processor_ms);
  std::fflush(stdout);
}

// A person who sits on a chair, seen from the front, marks and mask without error.
struct Scene {
  std::shared_ptr<const body::BodyModel> model;
  std::shared_ptr<pipeline::Inputs> inputs;
  body::BodyFitInput marks;
};

Scene make_scene(const views::ViewRenderer& renderer) {
  Scene scene;
  scene.model = std::make_shared<body::BodyModel>(io::read_body_model(TACTUS_BINARY_DIR "/share/tactus/body.tbm"));
  const auto camera = geometry::camera_with_field_of_view(640, 480, 45);
  body::Pose pose = scene.model->rest_pose();
  for (const char* side : {".L", ".R"}) {
    pose.rotations(scene.model->bone_index(std::string("upperleg01") + side), 0) = -1.4;
    pose.rotations(scene.model->bone_index(std::string("lowerleg01") + side), 0) = 1.4;
  }
  geometry::SimilarityTransform photo_from_upright;
  photo_from_upright.rotation = Eigen::Vector3d(1, -1, -1).asDiagonal() * Eigen::AngleAxisd(0.6, Eigen::Vector3d::UnitY()).toRotationMatrix();
  photo_from_upright.translation = {0.0, 0.1, 2.6};
  const auto points = scene.model->pose_keypoints(scene.model->shape({}), pose);
  auto& marks = scene.marks;
  marks.photo_width = camera.width;
  marks.photo_height = camera.height;
  marks.focal_px = camera.focal_x;
  for (int k = 0; k < body::kKeypointCount; ++k) {
    const Eigen::Vector2d pixel = camera.project(photo_from_upright * points.row(k).transpose());
    marks.keypoints[static_cast<std::size_t>(k)] = {pixel.x(), pixel.y(), body::Visibility::visible};
  }
  // The chair that the budgets speak of: about 3,000 vertices.
  objects::ObjectMesh chair;
  for (double edge = 0.04; chair.mesh.vertex_count() < 3000; edge -= 0.001) chair = objects::make_object("chair", {.max_edge_m = edge});
  geometry::SimilarityTransform photo_from_chair = photo_from_upright;
  photo_from_chair.translation += photo_from_upright.rotation * Eigen::Vector3d(0, -0.05, 0.05);
  geometry::Mesh placed = chair.mesh;
  placed.vertices = geometry::transform(photo_from_chair, chair.mesh.vertices);
  const auto maps = renderer.rasterise(placed, views::raster_camera(camera));
  ImageU8 mask(camera.width, camera.height);
  for (std::size_t i = 0; i < mask.data.size(); ++i) mask.data[i] = maps.face_ids.data[i] >= 0 ? 255 : 0;

  scene.inputs = std::make_shared<pipeline::Inputs>();
  scene.inputs->photo_name = "chair";
  scene.inputs->photo = ImageU8(camera.width, camera.height, 3, 128);
  scene.inputs->prompt = "Which body parts touch the chair?";
  scene.inputs->object_name = "chair";
  scene.inputs->keypoints = marks.keypoints;
  scene.inputs->object_mask = mask;
  return scene;
}

reconstruct::ReconstructInput joint_problem(const pipeline::Analysis& a, const geometry::Mesh& object) {
  reconstruct::ReconstructInput joint;
  joint.camera = a.body->camera;
  joint.human = a.body->mesh;
  joint.human_contact = a.body_contact->probability;
  joint.object = object;
  // The denser chair than the library's: its seat and backrest by height.
  joint.object_contact = Eigen::VectorXf::Zero(object.vertex_count());
  for (int i = 0; i < object.vertex_count(); ++i)
    if (object.vertices(i, 1) > -0.05F) joint.object_contact[i] = 0.9F;
  joint.object_mask = *a.inputs->object_mask;
  return joint;
}

// The shipped contact model, through the library that the programs open: what a user waits for.
void measure_compact(const Scene& scene, const pipeline::Analysis& known) {
  std::unique_ptr<contact::ContactPredictor> compact;
  report("compact: libtorch and weights opened", median(1, [&] {
           compact = app::networks().open_compact(TACTUS_BINARY_DIR "/share/tactus/models/compact.safetensors", scene.model);
         }), 0.0);
  const Progress quiet;
  contact::Marks marks;
  marks.keypoints = known.inputs->keypoints;
  marks.object_mask = *known.inputs->object_mask;
  const auto ask = [&](const body::PhotoBody& body, const char* prompt) {
    compact->predict({known.inputs->photo, prompt, *known.body_views, *known.object_views, body, *known.object, marks}, quiet);
  };
  report("compact: photo → contacts, without body fit", median(9, [&] { ask(*known.body, "Which body parts touch the chair?"); }), 1000.0);
  report("compact: another prompt", median(9, [&] { ask(*known.body, "Where does the person sit?"); }), 300.0);
  body::BodyFitInput dragged = scene.marks;
  dragged.keypoints[9].x += 20.0;
  const auto first = body::fit_body(*scene.model, scene.marks, {}, quiet);
  report("compact: one moved joint → new contact", median(5, [&] {
           body::fit_body(*scene.model, dragged, {}, quiet, &first.best);
           ask(*known.body, "Which body parts touch the chair?");
         }), 0.0);
}

}  // namespace

int main() {
  const std::shared_ptr<views::ViewRenderer> renderer = render::make_cpu_view_renderer();
  const Scene scene = make_scene(*renderer);
  const Progress quiet;
  const geometry::Mesh body{scene.model->pose(scene.model->shape({}), scene.model->vitruvian_pose()).vertices, scene.model->faces()};
  std::printf("# %d threads; body of %d vertices\n", thread_count(), body.vertex_count());

  const auto camera = views::raster_camera(views::body_views()[0], 1024);
  report("hard maps 1024², body, a view", median(9, [&] { renderer->rasterise(body, camera); }), 30.0);
  std::vector<views::RenderedView> body_views;
  report("four shaded views 1024², body", median(3, [&] { body_views = views::render_body_views(*renderer, body, {1024}, quiet); }), 0.0);
  std::vector<ImageF> logits;
  std::vector<const views::RasterMaps*> maps;
  for (const auto& view : body_views) {
    logits.emplace_back(1024, 1024, 1, 0.5F);
    maps.push_back(&view.maps);
  }
  report("lift, four views 1024²", median(5, [&] { contact::lift_body(logits, maps, body.vertex_count(), {}); }), 0.0);
  report("body fit from marks", median(3, [&] { body::fit_body(*scene.model, scene.marks, {}, quiet); }), 0.0);
  const auto known_body = body::fit_body(*scene.model, scene.marks, {}, quiet);
  body::BodyFitInput dragged = scene.marks;
  dragged.keypoints[9].x += 20.0;
  report("body fit after a dragged joint", median(5, [&] { body::fit_body(*scene.model, dragged, {}, quiet, &known_body.best); }), 500.0);

  pipeline::Ports ports;
  ports.body_model = scene.model;
  ports.view_renderer = renderer;
  ports.predictor = contact::make_prior_predictor();
  ports.make_silhouette_renderer = [] { return render::make_cpu_silhouette_renderer(); };
  pipeline::Runner runner(ports);
  pipeline::Options options;
  const pipeline::Analysis known = runner.run(scene.inputs, options, quiet);
  const auto moved = std::make_shared<pipeline::Inputs>(*scene.inputs);
  (*moved->keypoints)[9].x += 20.0;
  report("re-run after a moved joint, preview", median(3, [&] { pipeline::preview(ports, known, moved, {}, quiet); }), 500.0);
  const auto painted = std::make_shared<pipeline::Inputs>(*scene.inputs);
  painted->body_contact_edit = Eigen::VectorXf::Constant(known.body_contact->probability.size(), 0.0F);
  painted->body_contact_edit->head(200).setOnes();
  report("re-run after a brush stroke, preview", median(3, [&] { pipeline::preview(ports, known, painted, {}, quiet); }), 500.0);

  geometry::Mesh chair;
  for (double edge = 0.04; chair.vertex_count() < 3000; edge -= 0.001) chair = objects::make_object("chair", {.max_edge_m = edge}).mesh;
  std::printf("# chair of %d vertices, %d faces at 640×480\n", chair.vertex_count(), chair.face_count());
  const auto joint = joint_problem(known, chair);
  const auto silhouettes = render::make_cpu_silhouette_renderer();
  const auto& placed = known.fit->photo_from_object;
  const reconstruct::VerticesD posed = geometry::transform(placed, chair.vertices).cast<double>();
  const ImageF ones(640, 480, 1, 1.0F);
  for (const auto& [name, settings] : {std::pair{"soft silhouette forward + backward, official", reconstruct::SilhouetteOptions{1e-4, 100}},
                                       {"soft silhouette forward + backward, sharpest", reconstruct::SilhouetteOptions{1e-6, 0}}}) {
    report(name, median(7, [&] {
             silhouettes->forward(posed, chair.faces, joint.camera, settings);
             silhouettes->backward(ones);
           }), 0.0);
  }
  reconstruct::AlignOptions official_align;
  official_align.mode = Mode::official;
  const auto official_start = reconstruct::align(joint, official_align, quiet);
  auto official = reconstruct::official_fit_options();
  official.max_iterations = 5;
  report("official fit, an iteration", median(3, [&] { reconstruct::fit(joint, official_start, *silhouettes, official, quiet); }) / 5.0, 150.0);
  reconstruct::AlignResult starts;
  const Time align_time = median(3, [&] { starts = reconstruct::align(joint, {}, quiet); });
  report("ICP, all starts", align_time, 0.0);
  if (!starts.candidates.empty()) starts.candidates.resize(1);
  const Time fit_time = median(1, [&] { reconstruct::fit(joint, starts, *silhouettes, {}, quiet); });
  report("corrected ICP + fit, one start, 120 iterations", align_time + fit_time, 3000.0);
  measure_compact(scene, known);
  return 0;
}
