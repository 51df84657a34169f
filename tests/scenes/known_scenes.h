// Rendered scenes whose truth is known: a posed body, an object in contact with it, contacts from distance, masks from
// the rasteriser. Made anew on every machine from code, so there is nothing to download.
#pragma once

#include <string>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/image.h"
#include "tactus/reconstruct/reconstruct.h"
#include "tactus/views/view_renderer.h"

namespace tactus::scenes {

struct KnownScene {
  std::string name, interaction, object;          // "sit on", "chair"
  reconstruct::ReconstructInput input;
  geometry::SimilarityTransform photo_from_object;   // the truth
  ImageU8 whole_mask;                             // the object's silhouette as if nothing hid it
  bool chair_like = false;                        // rotation, distance and overlap are judged
  bool symmetric = false;                         // judged by the nearest true vertex (ADD-S)
  bool visible_only = false;                      // input.object_mask lacks what the body hides
  bool noisy_contact = false;                     // two holes and a false patch
  bool fit_scale = false;                         // the mesh is 13 % too small
  ImageU8 photo;                                  // shaded picture of both
  geometry::SimilarityTransform photo_from_body;
  body::Pose pose;
  body::Phenotype phenotype;
};

// Names of all scenes, in the order of the table.
std::vector<std::string> scene_names();
KnownScene make_scene(const std::string& name, const body::BodyModel& model, const views::ViewRenderer& renderer);

struct PoseError {
  double rotation_deg = 0.0;
  double vertex_cm = 0.0;        // mean distance of corresponding vertices
  double depth_cm = 0.0;         // mean of how much farther from the camera it is than the truth
  double add_s_cm = 0.0;         // mean distance to the nearest true vertex
  double iou = 0.0;              // hard silhouettes of the fitted and the true object, nothing hidden
  double scale_percent = 0.0;    // fitted over true size - 1
};
PoseError compare(const KnownScene& scene, const geometry::SimilarityTransform& fitted,
                  const views::ViewRenderer& renderer);
// What the issue asks of the corrected fit on this scene; empty when it is met, else what is missed.
std::string shortfall(const KnownScene& scene, const PoseError& error);

}  // namespace tactus::scenes
