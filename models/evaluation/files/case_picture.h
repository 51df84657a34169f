// What a prompt looked like and what was answered.
#pragma once

#include "tactus/evaluation/split.h"
#include "tactus/image.h"
#include "tactus/views/view_renderer.h"

namespace tactus::evaluation {

// Side by side, 320 pixels each: the marks (person mask grey, object mask orange, the fitted body's points dark, those called
// contact red), the true scene with the predicted contact, and with the true one.
ImageU8 case_picture(const SplitEvaluation& evaluated, const PromptResult& prompt, const views::ViewRenderer& renderer);

}  // namespace tactus::evaluation
