// What goes into a run and everything that comes out of it.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tactus/body/photo_body.h"
#include "tactus/contact/lift.h"
#include "tactus/contact/predictor.h"
#include "tactus/objects/library.h"
#include "tactus/pipeline/truth.h"
#include "tactus/reconstruct/reconstruct.h"
#include "tactus/views/view_renderer.h"

namespace tactus::pipeline {

struct Box {
  double x = 0, y = 0, width = 0, height = 0;   // pixels
  friend bool operator==(const Box&, const Box&) = default;
};

// A body that was estimated elsewhere (osx_human2.npz, METHOD.md §8.1).
struct GivenBody {
  geometry::Mesh mesh;              // frame photo
  geometry::PinholeCamera camera;
  std::string source;               // file name
};

// Which marks a network found in the photograph (guesses.h); all others are the user's.
struct Guessed {
  std::array<bool, body::kKeypointCount> joints{};
  bool human_mask = false, object_mask = false;
  double object_doubt = 0.0;        // contact::Marks::object_doubt of a guessed mask of the object
  int joint_count() const;
  bool any() const { return human_mask || object_mask || joint_count() > 0; }
  friend bool operator==(const Guessed&, const Guessed&) = default;
};

// Everything the user gives. The same struct is what a project file holds.
struct Inputs {
  std::string photo_name;                         // file name, for titles and messages
  ImageU8 photo;                                  // RGB, upright
  std::string prompt;
  std::string object_name;                        // category word as typed, or the file's name
  std::optional<geometry::Mesh> object_mesh;      // of the user; else the library's
  std::optional<double> object_size_m;            // real size: the largest side of its bounding box; scales the mesh
  std::optional<body::Keypoints> keypoints;
  std::optional<ImageU8> human_mask, object_mask; // the photograph's size
  Guessed guessed;
  std::optional<Box> object_box, person_box;      // what the masks were drawn from; display only
  std::optional<GivenBody> given_body;
  // Contact painted by hand; replaces the lifted values where set (NaN = not painted).
  std::optional<Eigen::VectorXf> body_contact_edit, object_contact_edit;
  // Masks of the views painted by hand, logits; replace the predicted ones where present.
  std::map<int, ImageF> body_view_edit, object_view_edit;
  std::shared_ptr<const Truth> truth;             // of a rendered sample; only compared with, never used
};

enum class Stage { photograph, body_pose, views, predict, lift, align, fit, result };
inline constexpr int kStageCount = 8;
const char* stage_name(Stage stage);              // "Photograph", "Body", "Views", "Masks", "Lift", "Align", "Fit", "Result"

struct Options {
  Mode mode = Mode::corrected;
  Stage until = Stage::result;                    // the last stage to run
  std::uint64_t seed = 42;
  int view_size = 512;                            // pixels a side of the canonical views; 1024 in official mode
  body::BodyFitOptions body_fit;
  contact::LiftOptions lift;
  reconstruct::AlignOptions align;
  reconstruct::FitOptions fit;
};
// The published settings throughout (METHOD.md §8): 1024² views, 250 iterations, one start.
Options official_options();

enum class StageState { waiting, running, done, stale, failed };

struct StageReport {
  StageState state = StageState::waiting;
  double seconds = 0.0;
  double peak_memory_mb = 0.0;                    // of the process when the stage ended
  bool from_cache = false;
  std::string message;                            // one line: what came out, or why it failed / is stale
};

// High-water mark of the process, MB; 0 where the system does not tell.
double peak_memory_mb();

// Outputs of the stages; each is set once its stage is done and shared, never changed afterwards.
struct Analysis {
  std::shared_ptr<const Inputs> inputs;
  Options options;
  std::shared_ptr<const objects::ObjectMesh> object;
  std::shared_ptr<const body::PhotoBody> body;
  std::shared_ptr<const std::vector<views::RenderedView>> body_views, object_views;
  std::shared_ptr<const contact::ContactPrediction> prediction;
  // The answer as far as it has been generated, while Predict runs; null before, after and from a cache.
  std::shared_ptr<const std::vector<contact::TokenRecord>> tokens_so_far;
  std::shared_ptr<const contact::VertexContact> body_contact, object_contact;
  std::shared_ptr<const reconstruct::AlignResult> align;
  std::shared_ptr<const reconstruct::FitResult> fit;
  std::array<StageReport, kStageCount> stages;
  std::vector<std::string> warnings;
  bool preview = false;                           // of interactive quality (preview.h); a full run replaces it

  StageReport& report(Stage s) { return stages[static_cast<std::size_t>(s)]; }
  const StageReport& report(Stage s) const { return stages[static_cast<std::size_t>(s)]; }
};

// One position of the timeline: a stage and a step inside it (view index, ICP or Adam iteration).
struct TimelinePosition {
  Stage stage = Stage::photograph;
  int step = 0;
  friend bool operator==(const TimelinePosition&, const TimelinePosition&) = default;
};
// Steps of a stage in this analysis: 8 for Views and Masks (4 of the body, 4 of the object), one an iteration for
// Align and Fit, else 1; 0 while the stage has no output.
int step_count(const Analysis& analysis, Stage stage);
// The ICP start that the timeline shows: the one that the fit went on from, else the best by rmse.
// Needs analysis.align with at least one candidate.
const reconstruct::AlignCandidate& shown_candidate(const Analysis& analysis);
// The object's pose at a position (frame object → photo); nullopt before Align.
std::optional<geometry::SimilarityTransform> object_pose(const Analysis& analysis, const TimelinePosition& at);

}  // namespace tactus::pipeline
