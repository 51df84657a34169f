#include "tactus/ui/debug_view.h"

#include <QFutureWatcher>
#include <QtConcurrent>
#include <algorithm>
#include <fstream>
#include <limits>

#include "tactus/ui/analysis_session.h"
#include "tactus/ui/contact_painting.h"
#include "tactus/ui/document.h"
#include "tactus/ui/run_controller.h"
#include "tactus/ui/viewport.h"

namespace tactus::ui {

using pipeline::Stage;

namespace {

// Resident memory now, MB; 0 where /proc does not tell.
double memory_mb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmRSS:") continue;
    double kb = 0;
    status >> kb;
    return kb / 1024.0;
  }
  return 0.0;
}

// Near is bright, the background dark blue.
std::shared_ptr<const ImageU8> depth_picture(const ImageF& depth) {
  float low = std::numeric_limits<float>::max(), high = 0.0F;
  for (const float d : depth.data)
    if (d > 0.0F) {
      low = std::min(low, d);
      high = std::max(high, d);
    }
  auto picture = std::make_shared<ImageU8>(depth.width, depth.height, 3);
  for (std::size_t i = 0; i < depth.data.size(); ++i) {
    const float d = depth.data[i];
    const auto v = static_cast<std::uint8_t>(d > 0.0F ? 255.0F - 205.0F * (d - low) / std::max(1e-6F, high - low) : 0.0F);
    picture->data[3 * i] = picture->data[3 * i + 1] = v;
    picture->data[3 * i + 2] = d > 0.0F ? v : 40;
  }
  return picture;
}

// A colour a vertex, spread by a multiplicative hash: neighbours can be told apart.
std::shared_ptr<const ImageU8> id_picture(const ImageI32& ids) {
  auto picture = std::make_shared<ImageU8>(ids.width, ids.height, 3);
  for (int row = 0; row < ids.height; ++row)
    for (int c = 0; c < ids.width; ++c) {
      const int id = ids.at(c, row, 0);
      const std::uint32_t h = id < 0 ? 0U : (static_cast<std::uint32_t>(id) + 1U) * 2654435761U;
      for (int k = 0; k < 3; ++k) picture->at(c, row, k) = id < 0 ? 20 : static_cast<std::uint8_t>(60 + ((h >> (8 + 8 * k)) & 0xff) * 195 / 255);
    }
  return picture;
}

template <typename T>
std::shared_ptr<const ImageU8> grey_picture(const Image<T>& image, float scale) {
  auto picture = std::make_shared<ImageU8>(image.width, image.height, 3);
  for (std::size_t i = 0; i < image.pixel_count(); ++i) {
    const auto v = static_cast<std::uint8_t>(std::clamp(scale * static_cast<float>(image.data[i]), 0.0F, 255.0F));
    for (std::size_t k = 0; k < 3; ++k) picture->data[3 * i + k] = v;
  }
  return picture;
}

}  // namespace

DebugView::DebugView(Document* document, AnalysisSession* session, Viewport* viewport, QObject* parent)
    : QObject(parent), document_(document), session_(session), viewport_(viewport) {
  connect(session, &AnalysisSession::changed, this, &DebugView::gather);
}

void DebugView::set_shown(bool shown) {
  shown_ = shown;
  if (!shown) {
    viewport_->set_overlay({});
    return;
  }
  gather();
  viewport_->set_overlay([this, overlay = std::make_shared<DebugOverlay>()] {
    DebugInfo info;
    info.scene_ms = viewport_->last_scene_ms();
    info.scene_frames = viewport_->scene_frames();
    info.memory_mb = memory_mb();
    info.preview_seconds = session_->last_preview_seconds();
    info.device = "processor";
    info.buffers = buffers_;
    if (const auto analysis = session_->shown()) {
      for (int i = 0; i < pipeline::kStageCount; ++i)
        info.stage_seconds.emplace_back(pipeline::stage_name(static_cast<Stage>(i)), analysis->report(static_cast<Stage>(i)).seconds);
      if (analysis->fit) {
        std::vector<float> total, mask, contact, sigma;
        for (const auto& r : analysis->fit->records) {
          total.push_back(static_cast<float>(r.loss_total));
          mask.push_back(static_cast<float>(r.loss_mask));
          contact.push_back(static_cast<float>(r.loss_contact));
          sigma.push_back(static_cast<float>(r.sigma_ndc2));
        }
        info.scalars = {{"total loss", total}, {"mask loss", mask}, {"contact loss", contact}, {"sigma", sigma}};
        info.iteration = position_.stage == Stage::fit ? position_.step : -1;
      }
    }
    overlay->draw(info);
  });
}

void DebugView::set_position(const pipeline::TimelinePosition& position) {
  position_ = position;
  gather();
}

void DebugView::gather() {
  if (!shown_) return;
  std::vector<DebugBuffer> kept;
  for (const auto& buffer : buffers_)
    if (buffer.name == "soft silhouette") kept.push_back(buffer);
  buffers_.clear();
  const auto analysis = session_->shown();
  if (analysis) {
    // The view at the position, else the body's first.
    const bool at_view = position_.stage == Stage::views || position_.stage == Stage::predict;
    if (const auto* view = rendered_view(*analysis, at_view ? position_.step : 0)) {
      buffers_.push_back({"depth", depth_picture(view->maps.depth)});
      buffers_.push_back({"vertex map", id_picture(view->maps.vertex_ids)});
      const auto p = shown_probability(*analysis, document_->inputs(), at_view ? position_.step : 0);
      if (!p.empty()) buffers_.push_back({"view mask", grey_picture(p, 255.0F)});
    }
    if (document_->inputs().object_mask) buffers_.push_back({"object mask", grey_picture(*document_->inputs().object_mask, 1.0F)});
    if (analysis->fit || analysis->align) buffers_.insert(buffers_.end(), kept.begin(), kept.end());
  }
  Q_EMIT buffers_changed();
  viewport_->update();
  render_silhouette();
}

// The soft silhouette of the object as the fit sees it at the position; one at a time, the newest position last.
void DebugView::render_silhouette() {
  const auto analysis = session_->shown();
  const auto ports = session_->controller()->ports();
  if (!analysis || !analysis->object || !analysis->body || !ports || !ports->make_silhouette_renderer) return;
  const auto pose = pipeline::object_pose(*analysis, position_);
  if (!pose) return;
  if (rendering_) {
    again_ = true;
    return;
  }
  rendering_ = true;
  reconstruct::SilhouetteOptions options;
  if (analysis->fit && !analysis->fit->records.empty()) {
    const auto& records = analysis->fit->records;
    const auto step = position_.stage == Stage::fit ? std::min(records.size() - 1, static_cast<std::size_t>(position_.step)) : records.size() - 1;
    options.sigma_ndc2 = records[step].sigma_ndc2;
    options.faces_per_pixel = analysis->options.fit.mode == Mode::official ? analysis->options.fit.faces_per_pixel : 0;
  }
  using Result = std::shared_ptr<const ImageU8>;
  auto* watcher = new QFutureWatcher<Result>(this);
  connect(watcher, &QFutureWatcher<Result>::finished, this, [this, watcher] {
    watcher->deleteLater();
    rendering_ = false;
    if (const auto picture = watcher->result(); picture && shown_) {
      std::erase_if(buffers_, [](const DebugBuffer& b) { return b.name == "soft silhouette"; });
      buffers_.push_back({"soft silhouette", picture});
      Q_EMIT buffers_changed();
      viewport_->update();
    }
    if (again_) {
      again_ = false;
      render_silhouette();
    }
  });
  watcher->setFuture(QtConcurrent::run([analysis, ports, pose = *pose, options]() -> Result {
    try {
      const auto& mesh = analysis->object->mesh;
      reconstruct::VerticesD vertices(mesh.vertex_count(), 3);
      for (int i = 0; i < mesh.vertex_count(); ++i) vertices.row(i) = (pose * mesh.vertices.row(i).transpose().cast<double>()).transpose();
      const auto renderer = ports->make_silhouette_renderer();
      return grey_picture(renderer->forward(vertices, mesh.faces, analysis->body->camera, options), 255.0F);
    } catch (const std::exception&) {
      return nullptr;
    }
  }));
}

}  // namespace tactus::ui
