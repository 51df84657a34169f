// What was found in a photograph and what was answered from it alone.
#pragma once

#include "tactus/evaluation/split.h"
#include "tactus/image.h"
#include "tactus/views/view_renderer.h"

namespace tactus::evaluation {

// The photograph with the marks drawn in, at most 560 × 420 pixels in the middle: the person's mask blue, the object's orange, joints as
// dots (the person's left green, right red, the middle yellow; hidden ones small). An image without the masks stays as it is.
ImageU8 marked_photograph(const ImageU8& rgb, const contact::Marks& marks);

// 560 × 700 pixels: that, and below it the true body with the contact that was said and with the true one.
ImageU8 photo_picture(const SplitEvaluation& evaluated, const PhotoAnswer& answer, const views::ViewRenderer& renderer, const Progress& progress);

}  // namespace tactus::evaluation
