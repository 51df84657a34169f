#include "image_losses.h"

#include <algorithm>
#include <cmath>

namespace tactus::reconstruct {

SilhouetteTarget::SilhouetteTarget(const ImageU8& object_mask, const ImageU8* human_mask, Mode mode)
    : mask(object_mask.width, object_mask.height), counted(object_mask.width, object_mask.height, 1, 1.0F) {
  int first_row = mask.height, last_row = -1, first_column = mask.width, last_column = -1;
  double rows = 0.0, columns = 0.0;
  for (int row = 0; row < mask.height; ++row) {
    for (int column = 0; column < mask.width; ++column) {
      if (object_mask.at(column, row) == 0) {
        // The object may go on behind the person: neither in nor out.
        if (mode == Mode::corrected && human_mask != nullptr && human_mask->at(column, row) != 0) counted.at(column, row) = 0.0F;
        continue;
      }
      mask.at(column, row) = 1.0F;
      area += 1.0;
      rows += row;
      columns += column;
      first_row = std::min(first_row, row);
      last_row = std::max(last_row, row);
      first_column = std::min(first_column, column);
      last_column = std::max(last_column, column);
    }
  }
  if (area == 0.0) return;
  if (mode == Mode::official) {
    centre_row = 0.5 * (first_row + last_row);      // of the bounding box (B25)
    centre_column = 0.5 * (first_column + last_column);
  } else {
    centre_row = rows / area;
    centre_column = columns / area;
  }
}

ImageLoss image_loss(const ImageF& alpha, const SilhouetteTarget& target, Mode mode, double mask_weight,
                     double centroid_weight, ImageF& gradient) {
  if (!gradient.same_size(alpha.width, alpha.height)) gradient = ImageF(alpha.width, alpha.height);
  double overlap = 0.0, total = 0.0, mass = 0.0, rows = 0.0, columns = 0.0;
  for (int row = 0; row < alpha.height; ++row) {
    double row_mass = 0.0;
    for (int column = 0; column < alpha.width; ++column) {
      const std::size_t i = alpha.index(column, row);
      const double a = static_cast<double>(alpha.data[i]) * static_cast<double>(target.counted.data[i]);
      if (a == 0.0) continue;
      overlap += a * static_cast<double>(target.mask.data[i]);
      row_mass += a;
      columns += a * column;
    }
    mass += row_mass;
    rows += row_mass * row;
  }
  total = mass + target.area;
  const double united = mode == Mode::official ? total : total - overlap;   // B23: the union lacks "- overlap"
  ImageLoss loss;
  loss.mask = united > 0.0 ? 1.0 - overlap / united : 1.0;

  // An empty silhouette sits in the middle of the picture (§8.8).
  const double centre_row = mass > 0.0 ? rows / mass : 0.5 * alpha.height;
  const double centre_column = mass > 0.0 ? columns / mass : 0.5 * alpha.width;
  const double scale = mode == Mode::official ? 1.0
                                              : kReferenceDiagonal2 / (static_cast<double>(alpha.width) * alpha.width +
                                                                       static_cast<double>(alpha.height) * alpha.height);
  const double dr = centre_row - target.centre_row, dc = centre_column - target.centre_column;
  loss.centroid = scale * (dr * dr + dc * dc);

  // d(overlap/united)/da = (M·united - overlap·u')/united², u' = 1 (official) or 1 - M.
  const double by_mask_in = mode == Mode::official ? (united - overlap) / (united * united) : 1.0 / united;
  const double by_mask_out = -overlap / (united * united);
  for (int row = 0; row < alpha.height; ++row) {
    for (int column = 0; column < alpha.width; ++column) {
      const std::size_t i = alpha.index(column, row);
      if (alpha.data[i] == 0.0F || target.counted.data[i] == 0.0F) {
        gradient.data[i] = 0.0F;   // no face is near: nothing to move
        continue;
      }
      double g = -mask_weight * (target.mask.data[i] != 0.0F ? by_mask_in : by_mask_out);
      if (mass > 0.0) g += centroid_weight * scale * 2.0 * (dr * (row - centre_row) + dc * (column - centre_column)) / mass;
      gradient.data[i] = static_cast<float>(g);
    }
  }
  return loss;
}

}  // namespace tactus::reconstruct
