#pragma once

#include "tactus/views/view_renderer.h"

namespace tactus::render {

// Phong picture of rasterised maps (METHOD.md §3.8); RGB, white background, truncated to 8 bits.
ImageU8 phong_picture(const geometry::Mesh& mesh, const geometry::Colours& colours, const views::RasterCamera& camera,
                      const views::RasterMaps& maps, const views::PhongLight& light);

}  // namespace tactus::render
