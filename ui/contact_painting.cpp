#include "tactus/ui/contact_painting.h"

#include <QObject>
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace tactus::ui {

namespace {

// The vertex with the largest weight at a pixel; -1 on the background.
int dominant_vertex(const views::RasterMaps& maps, int column, int row) {
  int best = -1;
  float weight = 0.0F;
  for (int k = 0; k < 3; ++k) {
    const int id = maps.vertex_ids.at(column, row, k);
    const float w = maps.barycentrics.at(column, row, k);
    if (id >= 0 && w > weight) {
      best = id;
      weight = w;
    }
  }
  return best;
}

}  // namespace

const views::RenderedView* rendered_view(const pipeline::Analysis& analysis, int view) {
  const auto& list = is_body_view(view) ? analysis.body_views : analysis.object_views;
  const auto index = static_cast<std::size_t>(view % 4);
  return list && index < list->size() ? &(*list)[index] : nullptr;
}

QString view_title(int view) { return is_body_view(view) ? QObject::tr("Body view %1").arg(view + 1) : QObject::tr("Object view %1").arg(view - 3); }

void paint_vertices(std::optional<Eigen::VectorXf>& edit, int count, const std::vector<int>& vertices, float value) {
  if (!edit || edit->size() != count) edit = Eigen::VectorXf::Constant(count, std::numeric_limits<float>::quiet_NaN());
  for (const int v : vertices)
    if (v >= 0 && v < count) (*edit)[v] = value;
}

std::vector<int> paint_pixels(ImageF& edit, const views::RasterMaps& maps, const QPointF& from, const QPointF& to, double radius, bool contact) {
  const int width = maps.vertex_ids.width, height = maps.vertex_ids.height;
  if (!edit.same_size(width, height)) {
    // An edit that was made at another view size goes on at this one.
    ImageF next(width, height, 1, std::numeric_limits<float>::quiet_NaN());
    if (!edit.empty())
      for (int row = 0; row < height; ++row)
        for (int c = 0; c < width; ++c) next.at(c, row) = edit.at(c * edit.width / width, row * edit.height / height);
    edit = std::move(next);
  }
  std::set<int> touched;
  const QPointF along = to - from;
  const double length2 = along.x() * along.x() + along.y() * along.y();
  const auto low = [&](double a, double b) { return std::max(0, static_cast<int>(std::floor(std::min(a, b) - radius))); };
  const auto high = [&](double a, double b, int size) { return std::min(size - 1, static_cast<int>(std::ceil(std::max(a, b) + radius))); };
  for (int row = low(from.y(), to.y()); row <= high(from.y(), to.y(), height); ++row) {
    for (int c = low(from.x(), to.x()); c <= high(from.x(), to.x(), width); ++c) {
      const QPointF p(c + 0.5, row + 0.5);
      // Distance to the piece of line: a fast stroke leaves no gaps.
      const double t = length2 > 0.0 ? std::clamp(QPointF::dotProduct(p - from, along) / length2, 0.0, 1.0) : 0.0;
      const QPointF d = p - (from + t * along);
      if (d.x() * d.x() + d.y() * d.y() > radius * radius) continue;
      const int vertex = dominant_vertex(maps, c, row);
      if (vertex < 0) continue;
      edit.at(c, row) = contact ? kPaintedLogit : -kPaintedLogit;
      touched.insert(vertex);
    }
  }
  return {touched.begin(), touched.end()};
}

ImageF shown_probability(const pipeline::Analysis& analysis, const pipeline::Inputs& inputs, int view) {
  const auto* rendered = rendered_view(analysis, view);
  if (!analysis.prediction || rendered == nullptr) return {};
  const bool body = is_body_view(view);
  const auto& logits = body ? analysis.prediction->body_logits : analysis.prediction->object_logits;
  const auto index = static_cast<std::size_t>(view % 4);
  if (index >= logits.size()) return {};
  ImageF p = logits[index];
  const auto& edits = body ? inputs.body_view_edit : inputs.object_view_edit;
  if (const auto found = edits.find(view % 4); found != edits.end() && !found->second.empty()) {
    const ImageF& edit = found->second;
    for (int row = 0; row < p.height; ++row)
      for (int c = 0; c < p.width; ++c) {
        const float value = edit.at(c * edit.width / p.width, row * edit.height / p.height);
        if (!std::isnan(value)) p.at(c, row) = value;
      }
  }
  for (float& value : p.data) value = 1.0F / (1.0F + std::exp(-value));
  const auto& painted = body ? inputs.body_contact_edit : inputs.object_contact_edit;
  const auto& maps = rendered->maps;
  if (painted && maps.vertex_ids.same_size(p.width, p.height)) {
    for (int row = 0; row < p.height; ++row)
      for (int c = 0; c < p.width; ++c) {
        const int vertex = dominant_vertex(maps, c, row);
        if (vertex >= 0 && vertex < painted->size() && !std::isnan((*painted)[vertex])) p.at(c, row) = (*painted)[vertex];
      }
  }
  return p;
}

}  // namespace tactus::ui
