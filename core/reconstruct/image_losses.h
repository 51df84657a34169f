// Losses on the silhouette (METHOD.md §8.8), unweighted, each with its gradient with respect to alpha.
#pragma once

#include "tactus/contact/lift.h"
#include "tactus/image.h"

namespace tactus::reconstruct {

// The target mask, its ignored pixels and what the losses need of it, made once a fit.
struct SilhouetteTarget {
  SilhouetteTarget(const ImageU8& object_mask, const ImageU8* human_mask, Mode mode);
  ImageF mask;                       // 0 or 1
  ImageF counted;                    // 0 where the body may hide the object (corrected), else 1
  double area = 0.0;                 // Σ mask
  double centre_row = 0.0, centre_column = 0.0;
  bool empty() const { return area == 0.0; }
};

struct ImageLoss {
  double mask = 0.0;
  double centroid = 0.0;             // official: squared pixels; corrected: over the squared diagonal
};

// gradient = Σ of d(loss)/d(alpha) weighted by mask_weight and centroid_weight; sized by the call.
ImageLoss image_loss(const ImageF& alpha, const SilhouetteTarget& target, Mode mode, double mask_weight,
                     double centroid_weight, ImageF& gradient);

// Squared diagonal of the picture that the published centroid weight was made for (640×480): corrected multiplies
// by it, so that one weight means the same at every size.
inline constexpr double kReferenceDiagonal2 = 640.0 * 640.0 + 480.0 * 480.0;

}  // namespace tactus::reconstruct
