// How hand-painted contact takes effect.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tactus/contact/lift.h"
#include "tactus/image.h"
#include "tactus/views/view_renderer.h"

namespace tactus::pipeline {

// Logits of the views with what was painted over them. NaN pixels were not painted; an edit made at another view size
// is sampled, not lost. Views that the prediction does not have are left out.
std::vector<ImageF> with_edits(const std::vector<ImageF>& predicted, const std::map<int, ImageF>& edits);

// From an answer that a model gave on the surface itself (ContactPrediction::body_probability): every vertex counts as
// seen. `lifted` is the lift of the views with what was painted over them: a vertex under painted pixels takes its value from
// them alone, so a correction is never outvoted by what the model said. Error{bad_input} naming `what` when the answer is of
// another mesh.
contact::VertexContact with_surface_answer(contact::VertexContact lifted, const Eigen::VectorXf& on_surface,
                                           const std::map<int, ImageF>& edits, const std::vector<const views::RasterMaps*>& maps,
                                           const char* what);

// Painted vertices replace the lifted ones and count as seen; NaN leaves a vertex as it is. Error{bad_input} naming
// `what` when the edit is of another mesh.
void apply_edit(contact::VertexContact& contact, const std::optional<Eigen::VectorXf>& edit, const char* what);

}  // namespace tactus::pipeline
