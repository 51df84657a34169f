#include "tactus/ui/analysis_session.h"

#include <QDateTime>
#include <cstring>

#include "tactus/pipeline/preview.h"
#include "tactus/ui/document.h"
#include "tactus/ui/run_controller.h"

namespace tactus::ui {

using pipeline::Inputs;
using pipeline::Stage;

namespace {

// Bytes, because unpainted values are NaN.
bool same_bytes(const float* a, const float* b, std::size_t count) { return count == 0 || std::memcmp(a, b, count * sizeof(float)) == 0; }
bool same_edit(const std::optional<Eigen::VectorXf>& a, const std::optional<Eigen::VectorXf>& b) {
  return a.has_value() == b.has_value() && (!a || (a->size() == b->size() && same_bytes(a->data(), b->data(), static_cast<std::size_t>(a->size()))));
}
bool same_edits(const std::map<int, ImageF>& a, const std::map<int, ImageF>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) {
           return x.first == y.first && x.second.data.size() == y.second.data.size() && same_bytes(x.second.data.data(), y.second.data.data(), x.second.data.size());
         });
}
bool same_mesh(const std::optional<geometry::Mesh>& a, const std::optional<geometry::Mesh>& b) {
  return a.has_value() == b.has_value() && (!a || (a->vertices.rows() == b->vertices.rows() && a->faces.rows() == b->faces.rows() && a->vertices == b->vertices && a->faces == b->faces));
}
bool same_body(const std::optional<pipeline::GivenBody>& a, const std::optional<pipeline::GivenBody>& b) {
  return a.has_value() == b.has_value() && (!a || (a->source == b->source && same_mesh(a->mesh, b->mesh)));
}

struct Difference {
  bool prompt, object, joints, body, human_mask, object_mask, painted;
  // What is answered at once; the rest waits for Analyse.
  bool live() const { return joints || human_mask || object_mask || painted; }
  bool asks_anew() const { return prompt || object || body; }
};

Difference difference(const Inputs& a, const Inputs& b) {
  return {a.prompt != b.prompt,
          a.object_name != b.object_name || a.object_size_m != b.object_size_m || !same_mesh(a.object_mesh, b.object_mesh),
          a.keypoints != b.keypoints,
          !same_body(a.given_body, b.given_body),
          a.human_mask != b.human_mask,
          a.object_mask != b.object_mask,
          !same_edit(a.body_contact_edit, b.body_contact_edit) || !same_edit(a.object_contact_edit, b.object_contact_edit) ||
              !same_edits(a.body_view_edit, b.body_view_edit) || !same_edits(a.object_view_edit, b.object_view_edit)};
}

bool same_options(const pipeline::Options& a, const pipeline::Options& b) {
  return a.mode == b.mode && a.view_size == b.view_size && a.fit.optimise_scale == b.fit.optimise_scale && a.fit.max_iterations == b.fit.max_iterations;
}

}  // namespace

AnalysisSession::AnalysisSession(Document* document, std::function<pipeline::Ports()> make_ports, QObject* parent)
    : QObject(parent), document_(document), controller_(new RunController(std::move(make_ports), this)) {
  connect(document, &Document::replaced, this, [this] {
    controller_->cancel();
    complete_.reset();
    base_.reset();
    requested_.reset();
    show(nullptr);
  });
  connect(document, &Document::changed, this, &AnalysisSession::document_changed);
  connect(document, &Document::gesture_ended, this, &AnalysisSession::document_changed);
  connect(controller_, &RunController::started, this, &AnalysisSession::started);
  connect(controller_, &RunController::updated, this, [this](Shared analysis) {
    if (requested_ == nullptr || analysis->inputs != requested_) return;
    show(base_ ? std::make_shared<const pipeline::Analysis>(pipeline::with_known(*analysis, *base_)) : analysis);
  });
  connect(controller_, &RunController::previewed, this, [this](Shared analysis, bool) {
    if (!complete_ || analysis->inputs->photo_name != complete_->inputs->photo_name) return;
    preview_seconds_ = 1e-3 * static_cast<double>(QDateTime::currentMSecsSinceEpoch() - edited_at_);
    base_ = analysis;
    show(analysis);
  });
  connect(controller_, &RunController::finished, this, [this](Shared analysis) {
    if (requested_ == nullptr || analysis->inputs != requested_) return;
    complete_ = base_ = analysis;
    complete_model_ = requested_model_;
    show(analysis);
    Q_EMIT completed();
    refining_ = false;
    Q_EMIT stale_changed();
  });
  connect(controller_, &RunController::failed, this, [this](const QString& stage, const QString& sentence) {
    refining_ = false;
    Q_EMIT failed(stage, sentence);
    Q_EMIT stale_changed();
  });
  connect(controller_, &RunController::cancelled, this, [this] {
    refining_ = false;
    // What was known before stays usable, be it the answer to an earlier question.
    const auto known = base_ ? base_ : complete_;
    if (known && shown_ != known) show(known);
    Q_EMIT cancelled();
    Q_EMIT stale_changed();
  });
}

void AnalysisSession::show(Shared analysis) {
  shown_ = std::move(analysis);
  Q_EMIT changed();
}

void AnalysisSession::run() {
  refining_ = false;
  base_ = complete_;
  // Another question or object: the old answer must not be taken for the new one.
  if (complete_ && asks_anew()) base_.reset();
  requested_ = document_->snapshot();
  requested_options_ = document_->options();
  requested_model_ = model_;
  controller_->start(requested_, requested_options_);
  Q_EMIT stale_changed();
}

void AnalysisSession::cancel() { controller_->cancel(); }

void AnalysisSession::set_predictor(std::shared_ptr<const contact::ContactPredictor> predictor) {
  ++model_;
  controller_->set_predictor(std::move(predictor));
  Q_EMIT stale_changed();
}

bool AnalysisSession::asks_anew() const {
  return difference(document_->inputs(), *complete_->inputs).asks_anew() || model_ != complete_model_;
}

void AnalysisSession::document_changed() {
  if (!complete_ || !shown_ || !requested_) {
    Q_EMIT stale_changed();
    return;
  }
  const auto& now = document_->inputs();
  const bool changed = difference(now, *requested_).live();
  const bool waits = asks_anew() || !same_options(document_->options(), complete_->options);
  if (document_->in_gesture()) {
    if (!changed) return;
    edited_at_ = QDateTime::currentMSecsSinceEpoch();
    requested_ = document_->snapshot();
    requested_options_ = document_->options();
    refined_ = false;
    controller_->preview(requested_, base_ ? base_ : complete_);
  } else if (changed || !refined_) {
    edited_at_ = QDateTime::currentMSecsSinceEpoch();
    requested_ = document_->snapshot();
    requested_options_ = document_->options();
    const auto known = base_ ? base_ : complete_;
    if (waits) {
      refined_ = true;
      controller_->preview(requested_, known);   // the rest waits for Analyse
    } else {
      refined_ = refining_ = true;
      requested_model_ = model_;
      controller_->start(requested_, requested_options_, known);
    }
  }
  Q_EMIT stale_changed();
}

std::array<QString, pipeline::kStageCount> AnalysisSession::stale_reasons() const {
  std::array<QString, pipeline::kStageCount> reasons;
  if (!complete_ || controller_->running()) return reasons;
  const auto d = difference(document_->inputs(), *complete_->inputs);
  const auto note = [&](bool changed, Stage first, const QString& text) {
    if (!changed) return;
    for (int i = static_cast<int>(first); i < pipeline::kStageCount; ++i) {
      auto& reason = reasons[static_cast<std::size_t>(i)];
      if (reason.isEmpty()) reason = text;
    }
  };
  note(d.body || d.joints, Stage::body_pose, tr("joints changed"));
  note(d.human_mask, Stage::body_pose, tr("person mask changed"));
  note(d.object, Stage::views, tr("object changed"));
  note(d.prompt, Stage::predict, tr("question changed"));
  note(model_ != complete_model_, Stage::predict, tr("model changed"));
  note(d.painted, Stage::lift, tr("painted contact changed"));
  note(d.object_mask, Stage::align, tr("object mask changed"));
  note(!same_options(document_->options(), complete_->options), Stage::views, tr("options changed"));
  return reasons;
}

}  // namespace tactus::ui
