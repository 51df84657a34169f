// What a prompt looked like and what was answered.
#pragma once

#include "tactus/evaluation/split.h"
#include "tactus/image.h"
#include "tactus/views/view_renderer.h"

namespace tactus::evaluation {

inline constexpr int kPictureSide = 280;   // pixels

// The body alone, kPictureSide wide and high: as the camera sees it, or turned to be seen from behind and below; where `contact`
// (a value a vertex) is at least 0.5 in red.
ImageU8 body_picture(const geometry::Vertices& vertices, const geometry::Faces& faces, const Eigen::VectorXf& contact, bool behind,
                     const views::ViewRenderer& renderer);

// Three columns, 280 pixels each. Above: the marks (person mask grey, object mask orange, points of the fitted body dark, red
// where contact was said), the true body with the predicted contact, with the true one. Below: the true scene with the
// predicted contact, the same two bodies from behind and below.
ImageU8 case_picture(const SplitEvaluation& evaluated, const PromptResult& prompt, const views::ViewRenderer& renderer);

}  // namespace tactus::evaluation
