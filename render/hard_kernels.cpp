#include "hard_kernels.h"

#include <algorithm>

#include "simd.h"

namespace tactus::render {

TACTUS_FOR_EACH_PROCESSOR
void hard_nearest(const HardBand& band, float* depth, std::int32_t* winner) {
  for (int i = 0; i < band.list_size; ++i) {
    const HardTriangle& t = band.triangles[band.list[i]];
    const float z0 = t.z[0], z1 = t.z[1], z2 = t.z[2];
    const float sign = t.area > 0.0F ? 1.0F : -1.0F;
    // Along an edge from corner a to corner b, pixel p: (px - ax)·(by - ay) - (py - ay)·(bx - ax).
    const float rise0 = t.y[2] - t.y[1], rise1 = t.y[0] - t.y[2], rise2 = t.y[1] - t.y[0];
    const float run0 = t.x[2] - t.x[1], run1 = t.x[0] - t.x[2], run2 = t.x[1] - t.x[0];
    for (int row = std::max(band.first_row, t.row_begin); row < std::min(band.last_row, t.row_end); ++row) {
      const float y = band.pixel_y[row];
      const float drop0 = (y - t.y[1]) * run0, drop1 = (y - t.y[2]) * run1, drop2 = (y - t.y[0]) * run2;
      const int line = (row - band.first_row) * band.stride;
      for (int column = t.column_begin; column < t.column_end; column += kLanes) {
        Float8 x;
        load(band.pixel_x + column, x);
        Float8 w0 = (x - t.x[1]) * rise0 - drop0, w1 = (x - t.x[2]) * rise1 - drop1, w2 = (x - t.x[0]) * rise2 - drop2;
        Int8 inside = (w0 * sign > 0.0F) & (w1 * sign > 0.0F) & (w2 * sign > 0.0F);
        if (!any(inside)) continue;
        // The published order of operations, since rounding decides between neighbours at one depth.
        w0 = w0 / t.area * z1 * z2;
        w1 = z0 * (w1 / t.area) * z2;
        w2 = z0 * z1 * (w2 / t.area);
        Float8 sum = w0 + w1 + w2;
        sum = sum > 1e-8F ? sum : Float8{} + 1e-8F;
        w0 /= sum;
        w1 /= sum;
        w2 /= sum;
        const Float8 here = w0 * z0 + w1 * z1 + w2 * z2;
        Float8 nearest;
        Int8 who;
        load(depth + line + column, nearest);
        load(winner + line + column, who);
        inside &= (w0 > 0.0F) & (w1 > 0.0F) & (w2 > 0.0F) & (here >= 0.0F) & (here < nearest);
        nearest = inside ? here : nearest;
        who = inside ? Int8{} + band.list[i] : who;
        store(nearest, depth + line + column);
        store(who, winner + line + column);
      }
    }
  }
}

}  // namespace tactus::render
