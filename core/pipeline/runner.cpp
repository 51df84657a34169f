#include "tactus/pipeline/runner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <deque>
#include <utility>

#include "growing_answer.h"
#include "stage_inputs.h"
#include "stage_keys.h"
#include "tactus/error.h"
#include "tactus/pipeline/edits.h"
#include "tactus/pipeline/guesses.h"

namespace tactus::pipeline {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string format(const char* pattern, double a, double b = 0.0) {
  char text[160];
  std::snprintf(text, sizeof text, pattern, a, b);
  return text;
}

// The outputs of a stage that were used last, newest first: going back to an earlier prompt costs nothing.
template <typename T>
class Cache {
 public:
  std::shared_ptr<const T> find(std::uint64_t key) const {
    for (const auto& [k, value] : entries_)
      if (k == key) return value;
    return nullptr;
  }
  // As find, and counts as a use.
  std::shared_ptr<const T> use(std::uint64_t key) {
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry)
      if (entry->first == key) std::rotate(entries_.begin(), entry, entry + 1);
    return entries_.empty() || entries_.front().first != key ? nullptr : entries_.front().second;
  }
  void keep(std::uint64_t key, std::shared_ptr<const T> value) {
    entries_.emplace_front(key, std::move(value));
    if (entries_.size() > kKept) entries_.pop_back();
  }

 private:
  static constexpr std::size_t kKept = 4;
  std::deque<std::pair<std::uint64_t, std::shared_ptr<const T>>> entries_;
};

struct ViewsOutput {
  std::shared_ptr<const objects::ObjectMesh> object;
  std::shared_ptr<const std::vector<views::RenderedView>> body, object_views;
};
struct LiftOutput {
  std::shared_ptr<const contact::VertexContact> body, object;
};

// Share of the whole run's progress bar at the start of each stage, from measured times.
constexpr std::array<double, kStageCount + 1> kProgressAt = {0.0, 0.01, 0.12, 0.22, 0.24, 0.27, 0.42, 0.99, 1.0};

void check_photo(const Inputs& inputs) {
  if (inputs.photo.empty()) throw bad_input("photograph: there is none; open or drop a picture");
  const auto check_mask = [&](const std::optional<ImageU8>& mask, const char* what) {
    if (mask && !mask->same_size(inputs.photo.width, inputs.photo.height)) {
      throw bad_input(std::string(what) + ": the mask is " + std::to_string(mask->width) + "×" +
                      std::to_string(mask->height) + " pixels but the photograph is " +
                      std::to_string(inputs.photo.width) + "×" + std::to_string(inputs.photo.height) +
                      "; save it at the photograph's size");
    }
  };
  check_mask(inputs.human_mask, "person mask");
  check_mask(inputs.object_mask, "object mask");
}

objects::ObjectMesh chosen_object(const Inputs& inputs) {
  if (inputs.object_mesh) {
    geometry::validate(*inputs.object_mesh, inputs.object_name.empty() ? "object" : inputs.object_name);
    objects::ObjectMesh object;
    object.name = inputs.object_name;
    if (const auto category = objects::find_category(inputs.object_name)) object.category = *category;
    object.mesh = *inputs.object_mesh;
    return object;
  }
  if (!inputs.object_name.empty()) {
    const auto category = objects::find_category(inputs.object_name);
    return objects::make_object(category ? *category : inputs.object_name);
  }
  if (const auto category = objects::find_category(inputs.prompt)) return objects::make_object(*category);
  throw bad_input("object: neither the object field nor the prompt names a known object; choose one of the library "
                  "or open a mesh file");
}

objects::ObjectMesh resolve_object(const Inputs& inputs) {
  auto object = chosen_object(inputs);
  if (!inputs.object_size_m) return object;
  const double wanted = *inputs.object_size_m;
  if (!(wanted >= 0.001 && wanted <= 100.0)) {
    throw bad_input("object size: " + std::to_string(wanted) + " m cannot be; give the largest side in metres, 0.001 to 100");
  }
  const double size = static_cast<double>(geometry::bounding_box(object.mesh.vertices).size().maxCoeff());
  if (size > 0.0) object.mesh.vertices *= static_cast<float>(wanted / size);
  return object;
}

// A posed mesh of unknown make: turned upright and centred, it stands in for a canonical pose.
body::PhotoBody photo_body_from_mesh(const GivenBody& given) {
  body::PhotoBody body;
  body.mesh = given.mesh;
  body.camera = given.camera;
  body.source = given.source;
  body.canonical = given.mesh;
  body.canonical.vertices.col(1) *= -1.0F;
  body.canonical.vertices.col(2) *= -1.0F;
  const Eigen::RowVector3f centre = geometry::bounding_box(body.canonical.vertices).centre().transpose();
  body.canonical.vertices.rowwise() -= centre;
  return body;
}

constexpr const char* kUnplacedSource = "canonical pose";

// Without marks the contact can still be found on the canonical body; only the placing needs them.
body::PhotoBody unplaced_body(const body::BodyModel& model, const Inputs& inputs, const Options& options) {
  body::BodyFitSummary standing;
  standing.best.pose = model.vitruvian_pose();
  standing.best.camera = geometry::camera_with_field_of_view(inputs.photo.width, inputs.photo.height,
                                                             options.body_fit.vertical_fov_deg);
  standing.best.photo_from_body.rotation = Eigen::Vector3d(1.0, -1.0, -1.0).asDiagonal();
  standing.best.photo_from_body.translation = {0.0, 0.0, 3.5};
  body::PhotoBody body = body::photo_body_from_fit(model, standing);
  body.fit.reset();
  body.source = kUnplacedSource;
  return body;
}

std::string body_message(const body::PhotoBody& body) {
  if (!body.fit) return "from " + body.source;
  std::string text = format("%.1f px reprojection error", body.fit->best.reprojection_rms_px);
  if (body.fit->best.mask_iou) text += format(", mask overlap %.2f", *body.fit->best.mask_iou);
  return text;
}

}  // namespace

struct Runner::Impl {
  Ports ports;
  Cache<body::PhotoBody> bodies;
  Cache<ViewsOutput> views;
  Cache<contact::ContactPrediction> predictions;
  Cache<LiftOutput> lifts;
  Cache<reconstruct::AlignResult> aligns;
  Cache<reconstruct::FitResult> fits;
  std::optional<Ingredients> last;      // of the last run that began
  // Models by what they are, not by name: the same folder in another precision answers differently.
  std::vector<std::weak_ptr<const contact::ContactPredictor>> predictors;
  std::uint64_t predictor = 0;          // index of the one that is asked

  void use(std::shared_ptr<const contact::ContactPredictor> next) {
    predictor = 0;
    while (predictor < predictors.size() && predictors[predictor].lock() != next) ++predictor;
    if (predictor == predictors.size()) predictors.push_back(next);
    ports.predictor = std::move(next);
  }

  Ingredients ingredients_of(const Inputs& inputs, const Options& options) const {
    return ingredients(inputs, options, predictor, ports.predictor->reads_photo());
  }
};

namespace {

// One run: the analysis as it grows and the bookkeeping around each stage.
class Run {
 public:
  Run(std::shared_ptr<const Inputs> inputs, const Options& options, const Progress& progress,
      const Observer& observer)
      : progress_(progress), observer_(observer) {
    analysis_.inputs = std::move(inputs);
    analysis_.options = options;
  }

  Analysis& analysis() { return analysis_; }
  bool wanted(Stage stage) const { return stage <= analysis_.options.until; }
  void notify(Stage stage) const {
    if (observer_) observer_(analysis_, stage);
  }

  // Takes `known` or computes; `work(progress)` returns a shared_ptr. The stage's state, time and memory are
  // recorded, and an error is tied to the stage before it goes on.
  template <typename T, typename Work>
  std::shared_ptr<const T> stage(Stage stage, std::shared_ptr<const T> known, Work work) {
    StageReport& report = analysis_.report(stage);
    const auto index = static_cast<std::size_t>(stage);
    const Progress part = progress_.part(kProgressAt[index], kProgressAt[index + 1], stage_name(stage));
    part.check();
    if (known) {
      report.state = StageState::done;
      report.from_cache = true;
      part.report(1.0);
      return known;
    }
    report.state = StageState::running;
    part.report(0.0);
    notify(stage);
    const auto start = Clock::now();
    try {
      auto output = work(part);
      report.seconds = seconds_since(start);
      report.peak_memory_mb = peak_memory_mb();
      report.state = StageState::done;
      part.report(1.0);
      return output;
    } catch (const Error& error) {
      report.seconds = seconds_since(start);
      report.state = error.kind() == ErrorKind::cancelled ? StageState::waiting : StageState::failed;
      report.message = error.what();
      notify(stage);
      throw;
    } catch (const std::bad_alloc&) {
      report.state = StageState::failed;
      report.message = std::string(stage_name(stage)) + ": the memory is used up; use a smaller mesh or picture";
      notify(stage);
      throw cannot_run(report.message);
    }
  }

 private:
  const Progress& progress_;
  const Observer& observer_;
  Analysis analysis_;
};

}  // namespace

Runner::Runner(Ports ports) : impl_(std::make_unique<Impl>()) {
  impl_->ports = std::move(ports);
  impl_->use(impl_->ports.predictor);
}
Runner::~Runner() = default;

void Runner::set_predictor(std::shared_ptr<const contact::ContactPredictor> predictor) { impl_->use(std::move(predictor)); }

std::array<StageReport, kStageCount> Runner::preview(const Inputs& inputs, const Options& options) const {
  std::array<StageReport, kStageCount> reports;
  const Ingredients now = impl_->ingredients_of(inputs, options);
  const auto keys = stage_keys(now);
  const auto known = [&](Stage stage) {
    const std::uint64_t key = keys[static_cast<std::size_t>(stage)];
    switch (stage) {
      case Stage::photograph: return !inputs.photo.empty();
      case Stage::body_pose: return impl_->bodies.find(key) != nullptr;
      case Stage::views: return impl_->views.find(key) != nullptr;
      case Stage::predict: return impl_->predictions.find(key) != nullptr;
      case Stage::lift: return impl_->lifts.find(key) != nullptr;
      case Stage::align: return impl_->aligns.find(key) != nullptr;
      case Stage::fit:
      case Stage::result: return impl_->fits.find(key) != nullptr;
    }
    return false;
  };
  for (int i = 0; i < kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    StageReport& report = reports[static_cast<std::size_t>(i)];
    if (known(stage)) {
      report.state = StageState::done;
    } else if (impl_->last) {
      report.state = StageState::stale;
      report.message = difference(*impl_->last, now, stage);
    }
  }
  return reports;
}

Analysis Runner::run(std::shared_ptr<const Inputs> given_inputs, const Options& options, const Progress& progress,
                     const Observer& observer) {
  const Inputs& inputs = *given_inputs;
  const Ports& ports = impl_->ports;
  Run run(std::move(given_inputs), options, progress, observer);
  Analysis& a = run.analysis();

  run.stage<Inputs>(Stage::photograph, nullptr, [&](const Progress&) {
    check_photo(inputs);
    return a.inputs;
  });
  a.report(Stage::photograph).message =
      std::to_string(inputs.photo.width) + " × " + std::to_string(inputs.photo.height) + " pixels";
  if (const std::string guessed = guesses_in_words(inputs); !guessed.empty()) {
    a.report(Stage::photograph).message += "; guessed: " + guessed;
    a.warnings.push_back("Guessed in the photograph, not marked: " + guessed + "; look at them before you trust the answer.");
  }
  run.notify(Stage::photograph);

  const Ingredients parts = impl_->ingredients_of(inputs, options);
  const auto keys = stage_keys(parts);
  impl_->last = parts;
  const auto key = [&](Stage stage) { return keys[static_cast<std::size_t>(stage)]; };

  if (!run.wanted(Stage::body_pose)) return a;
  a.body = run.stage<body::PhotoBody>(
      Stage::body_pose, impl_->bodies.use(key(Stage::body_pose)), [&](const Progress& part) {
        std::shared_ptr<const body::PhotoBody> body;
        if (inputs.given_body) {
          body = std::make_shared<body::PhotoBody>(photo_body_from_mesh(*inputs.given_body));
        } else if (inputs.keypoints) {
          body::BodyFitInput input;
          input.photo_width = inputs.photo.width;
          input.photo_height = inputs.photo.height;
          input.keypoints = *inputs.keypoints;
          input.person_mask = inputs.human_mask;
          body::BodyFitOptions fit_options = options.body_fit;
          fit_options.seed = options.seed;
          body = std::make_shared<body::PhotoBody>(body::photo_body_from_fit(
              *ports.body_model, body::fit_body(*ports.body_model, input, fit_options, part)));
        } else {
          body = std::make_shared<body::PhotoBody>(unplaced_body(*ports.body_model, inputs, options));
        }
        impl_->bodies.keep(key(Stage::body_pose), body);
        return body;
      });
  a.report(Stage::body_pose).message = body_message(*a.body);
  if (a.body->fit && !a.body->fit->message.empty()) a.warnings.push_back(a.body->fit->message);
  run.notify(Stage::body_pose);

  if (!run.wanted(Stage::views)) return a;
  const auto rendered =
      run.stage<ViewsOutput>(Stage::views, impl_->views.use(key(Stage::views)), [&](const Progress& part) {
        auto output = std::make_shared<ViewsOutput>();
        output->object = std::make_shared<objects::ObjectMesh>(resolve_object(inputs));
        views::CanonicalViewsOptions view_options;
        view_options.size = options.view_size;
        output->body = std::make_shared<std::vector<views::RenderedView>>(
            views::render_body_views(*ports.view_renderer, a.body->canonical, view_options, part.part(0.0, 0.5)));
        output->object_views = std::make_shared<std::vector<views::RenderedView>>(views::render_object_views(
            *ports.view_renderer, output->object->mesh, view_options, part.part(0.5, 1.0)));
        std::shared_ptr<const ViewsOutput> result = output;
        impl_->views.keep(key(Stage::views), result);
        return result;
      });
  a.object = rendered->object;
  a.body_views = rendered->body;
  a.object_views = rendered->object_views;
  a.report(Stage::views).message = "4 of the body, 4 of the " + a.object->name;
  run.notify(Stage::views);

  if (!run.wanted(Stage::predict)) return a;
  a.prediction = run.stage<contact::ContactPrediction>(
      Stage::predict, impl_->predictions.use(key(Stage::predict)), [&](const Progress& part) {
        GrowingAnswer growing([&](const std::vector<contact::TokenRecord>& tokens) {
          a.tokens_so_far = std::make_shared<const std::vector<contact::TokenRecord>>(tokens);
          run.notify(Stage::predict);
        });
        const contact::ContactQuery query{inputs.photo,
                                          inputs.prompt,
                                          *a.body_views,
                                          *a.object_views,
                                          *a.body,
                                          *a.object,
                                          marks_of(inputs),
                                          [&](const contact::TokenRecord& token) { growing.add(token); }};
        std::shared_ptr<const contact::ContactPrediction> prediction =
            std::make_shared<contact::ContactPrediction>(ports.predictor->predict(query, growing.watching(part)));
        impl_->predictions.keep(key(Stage::predict), prediction);
        return prediction;
      });
  a.tokens_so_far.reset();
  a.report(Stage::predict).message = a.prediction->answer;
  a.warnings.insert(a.warnings.end(), a.prediction->warnings.begin(), a.prediction->warnings.end());
  run.notify(Stage::predict);

  if (!run.wanted(Stage::lift)) return a;
  const auto lifted =
      run.stage<LiftOutput>(Stage::lift, impl_->lifts.use(key(Stage::lift)), [&](const Progress& part) {
        auto body = std::make_shared<contact::VertexContact>(body_contact(a));
        part.check();
        auto object = std::make_shared<contact::VertexContact>(object_contact(a));
        auto output = std::make_shared<LiftOutput>();
        output->body = body;
        output->object = object;
        std::shared_ptr<const LiftOutput> result = output;
        impl_->lifts.keep(key(Stage::lift), result);
        return result;
      });
  a.body_contact = lifted->body;
  a.object_contact = lifted->object;
  a.report(Stage::lift).message = std::to_string((a.body_contact->probability.array() > 0.5F).count()) +
                                  " body and " +
                                  std::to_string((a.object_contact->probability.array() > 0.5F).count()) +
                                  " object vertices in contact";
  run.notify(Stage::lift);

  if (!run.wanted(Stage::align)) return a;
  reconstruct::ReconstructInput joint;
  a.align = run.stage<reconstruct::AlignResult>(
      Stage::align, impl_->aligns.use(key(Stage::align)), [&](const Progress& part) {
        if (a.body->source == kUnplacedSource) {
          throw bad_input("joints: the person's joints are not marked, so the body cannot be placed; mark at least "
                          "six, shoulders or hips among them, or give a keypoints file");
        }
        if (!inputs.object_mask) {
          throw bad_input("object mask: the object is not marked in the photograph, so it cannot be placed; draw a "
                          "box around it or give a mask");
        }
        joint = joint_input(a);
        reconstruct::AlignOptions align_options = options.align;
        align_options.seed = options.seed;
        std::shared_ptr<const reconstruct::AlignResult> result = std::make_shared<reconstruct::AlignResult>(
            reconstruct::align(joint, align_options, part));
        impl_->aligns.keep(key(Stage::align), result);
        return result;
      });
  a.warnings.insert(a.warnings.end(), a.align->warnings.begin(), a.align->warnings.end());
  a.report(Stage::align).message = a.align->message;
  run.notify(Stage::align);

  if (!run.wanted(Stage::fit)) return a;
  a.fit = run.stage<reconstruct::FitResult>(
      Stage::fit, impl_->fits.use(key(Stage::fit)), [&](const Progress& part) {
        if (joint.human.vertex_count() == 0) joint = joint_input(a);
        const auto renderer = ports.make_silhouette_renderer();
        auto growing = std::make_shared<reconstruct::FitResult>();
        auto last_told = Clock::now();
        const auto callback = [&](int, const reconstruct::FitRecord& record) {
          growing->records.push_back(record);
          growing->photo_from_object = record.photo_from_object;
          if (seconds_since(last_told) > 0.03) {
            a.fit = std::make_shared<reconstruct::FitResult>(*growing);
            run.notify(Stage::fit);
            last_told = Clock::now();
          }
          return true;
        };
        std::shared_ptr<const reconstruct::FitResult> result = std::make_shared<reconstruct::FitResult>(
            reconstruct::fit(joint, *a.align, *renderer, options.fit, part, callback));
        impl_->fits.keep(key(Stage::fit), result);
        return result;
      });
  a.warnings.insert(a.warnings.end(), a.fit->warnings.begin(), a.fit->warnings.end());
  a.report(Stage::fit).message = a.fit->message;
  run.notify(Stage::fit);

  if (!run.wanted(Stage::result)) return a;
  a.report(Stage::result).state = StageState::done;
  a.report(Stage::result).peak_memory_mb = peak_memory_mb();
  a.report(Stage::result).message = format("mask overlap %.2f, smallest distance %.1f cm", a.fit->mask_iou,
                                           100.0 * a.fit->smallest_distance_m);
  if (a.inputs->truth) {
    const TruthErrors errors = compare_with_truth(a, *a.inputs->truth);
    if (errors.object_rotation_deg && errors.object_centre_cm)
      a.report(Stage::result).message += format("; %.1f° and %.1f cm from the truth", *errors.object_rotation_deg, *errors.object_centre_cm);
  }
  progress.report(1.0);
  run.notify(Stage::result);
  return a;
}

}  // namespace tactus::pipeline
