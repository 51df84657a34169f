// Bodies estimated elsewhere.
#pragma once

#include <filesystem>

#include "tactus/pipeline/analysis.h"

namespace tactus::io {

// osx_human2.npz (METHOD.md §8.1, §8.2): smpl_vertices [P, V, 3] or [V, 3], smpl_faces [F, 3], bbox_2 [P, 4] or [4]; person 0.
pipeline::GivenBody read_osx(const std::filesystem::path& file, int photo_width, int photo_height);

}  // namespace tactus::io
