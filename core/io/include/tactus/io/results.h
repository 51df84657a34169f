// Everything that `analyse` and `reconstruct` write (DESIGN §5).
#pragma once

#include <filesystem>
#include <string>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

struct ReportExtras {
  std::string version;                               // of the program
  const views::ViewRenderer* renderer = nullptr;     // for overlay.png; none without it
};

// report.json's text: inputs, options, versions, stages, prompt and answer, losses, warnings.
std::string report_json(const pipeline::Analysis& analysis, const ReportExtras& extras);

// The photograph with the fitted object's outline and the contact on both.
ImageU8 overlay_picture(const pipeline::Analysis& analysis, const views::ViewRenderer& renderer);

// The last candidate's ICP poses, then the fit's: the frames of the animation.
std::vector<geometry::SimilarityTransform> animation_frames(const pipeline::Analysis& analysis);

// Writes what the analysis has. Built in a folder of its own and moved in at the end: a failure or a stop leaves
// nothing behind. contacts.npz holds, besides what DESIGN §5 names, `object_mesh_vertices` [N, 3] (frame object) and
// `camera_matrix` [3, 3] (pixels); `object_vertices`, `photo_from_object` and `scale` only once the object is placed.
void write_results(const std::filesystem::path& folder, const pipeline::Analysis& analysis, const ReportExtras& extras,
                   const Progress& progress = {});

// scene.glb alone.
void write_scene(const std::filesystem::path& file, const pipeline::Analysis& analysis);

}  // namespace tactus::io
