// Files of licensed bodies (METHOD.md §9.6) and what else a data folder of the published method holds (§3.12, §2.14).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tactus/body/smpl_model.h"

namespace tactus::io {

// SMPL, SMPL-H or SMPL-X from .npz or .pkl (by content, not by name). Pickles of Python 2 with chumpy arrays and
// sparse regressors are understood; nothing in them is executed. Error{bad_input} naming the file and the array for
// anything missing, damaged or of the wrong shape.
body::SmplModelData read_smpl_model(const std::filesystem::path& file);

// One thing of a data folder.
struct BodyFileFinding {
  enum class State { ok, missing, damaged };
  std::string what;              // "SMPL-X", "SMPL to SMPL-X", "views of the body", …
  State state = State::missing;
  std::filesystem::path path;    // empty when missing
  std::string detail;            // what it holds; what is wrong; what its absence costs
};

// Looks for model files by name (SMPL*, basicmodel*, model.npz in a folder smpl*), smpl_to_smplx.pkl and the folder
// hcontact_vitruvian in `folder` and up to three folders deep, and loads what it finds. One finding at least for each
// of SMPL, SMPL-H, SMPL-X, the mapping and the views. Error{bad_input} when there is no such folder.
std::vector<BodyFileFinding> examine_body_files(const std::filesystem::path& folder);

}  // namespace tactus::io
