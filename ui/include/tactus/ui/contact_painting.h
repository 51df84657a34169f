// Painting contact: on vertices and on the pixels of a view. No widgets.
#pragma once

#include <QPointF>
#include <QString>
#include <optional>
#include <vector>

#include "tactus/pipeline/analysis.h"

namespace tactus::ui {

// The eight views in the order of the panel and the timeline: 0–3 the body's, 4–7 the object's.
inline constexpr int kViewCount = 8;
inline bool is_body_view(int view) { return view < 4; }
const views::RenderedView* rendered_view(const pipeline::Analysis& analysis, int view);   // null while not rendered
QString view_title(int view);                                                              // "Body view 2"

inline constexpr float kPaintedLogit = 10.0F;     // sigmoid 0.99995

// Sets painted values (1 contact, 0 none) at the vertices; an edit of another size is begun anew. `count` vertices.
void paint_vertices(std::optional<Eigen::VectorXf>& edit, int count, const std::vector<int>& vertices, float value);

// A stroke of the brush from one pixel position to another over a view's edit; only pixels that show the surface take
// it. Returns the vertices that the pixels show most of.
std::vector<int> paint_pixels(ImageF& edit, const views::RasterMaps& maps, const QPointF& from, const QPointF& to, double radius, bool contact);

// Contact probability of a view's pixels [size, size] as it takes effect: predicted, painted over in the view, painted
// over on the surface. Empty without a prediction.
ImageF shown_probability(const pipeline::Analysis& analysis, const pipeline::Inputs& inputs, int view);

}  // namespace tactus::ui
