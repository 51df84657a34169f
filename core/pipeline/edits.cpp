#include "tactus/pipeline/edits.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "tactus/error.h"

namespace tactus::pipeline {

void apply_edit(contact::VertexContact& contact, const std::optional<Eigen::VectorXf>& edit, const char* what) {
  if (!edit) return;
  if (edit->size() != contact.probability.size()) {
    throw bad_input(std::string(what) + ": the painted contact has " + std::to_string(edit->size()) +
                    " vertices but the mesh has " + std::to_string(contact.probability.size()) +
                    "; clear the painted contact");
  }
  for (Eigen::Index i = 0; i < edit->size(); ++i) {
    if (std::isnan((*edit)[i])) continue;
    contact.probability[i] = std::clamp((*edit)[i], 0.0F, 1.0F);
    auto& coverage = contact.coverage[static_cast<std::size_t>(i)];
    coverage = std::max<std::uint8_t>(coverage, 1);   // what the user painted counts as seen
  }
}

contact::VertexContact with_surface_answer(contact::VertexContact lifted, const Eigen::VectorXf& on_surface,
                                           const std::map<int, ImageF>& edits, const std::vector<const views::RasterMaps*>& maps,
                                           const char* what) {
  if (on_surface.size() != lifted.probability.size()) {
    throw bad_input(std::string(what) + ": the model answered for " + std::to_string(on_surface.size()) +
                    " vertices but the mesh has " + std::to_string(lifted.probability.size()) + "; ask it about this mesh");
  }
  const auto vertices = static_cast<std::size_t>(on_surface.size());
  std::vector<double> votes(vertices, 0.0), weights(vertices, 0.0);
  for (const auto& [view, edit] : edits) {
    if (view < 0 || view >= static_cast<int>(maps.size())) continue;
    const auto& ids = maps[static_cast<std::size_t>(view)]->vertex_ids;
    const auto& barycentrics = maps[static_cast<std::size_t>(view)]->barycentrics;
    for (int row = 0; row < ids.height; ++row) {
      for (int column = 0; column < ids.width; ++column) {
        const float painted = edit.at(column * edit.width / ids.width, row * edit.height / ids.height);
        if (std::isnan(painted)) continue;
        const double probability = 1.0 / (1.0 + std::exp(-std::clamp(static_cast<double>(painted), -20.0, 20.0)));
        for (int k = 0; k < 3; ++k) {
          const int id = ids.at(column, row, k);
          if (id < 0) continue;
          const double weight = barycentrics.at(column, row, k);
          votes[static_cast<std::size_t>(id)] += weight * probability;
          weights[static_cast<std::size_t>(id)] += weight;
        }
      }
    }
  }
  for (std::size_t i = 0; i < vertices; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    lifted.probability[row] = weights[i] > 1e-6 ? static_cast<float>(votes[i] / weights[i]) : on_surface[row];
    lifted.coverage[i] = std::max<std::uint8_t>(lifted.coverage[i], 1);
  }
  return lifted;
}

std::vector<ImageF> with_edits(const std::vector<ImageF>& predicted, const std::map<int, ImageF>& edits) {
  std::vector<ImageF> logits = predicted;
  for (const auto& [view, edit] : edits) {
    if (view < 0 || view >= static_cast<int>(logits.size())) continue;
    ImageF& target = logits[static_cast<std::size_t>(view)];
    // NaN pixels were not painted. An edit made at another view size is sampled, not lost.
    for (int row = 0; row < target.height; ++row) {
      for (int column = 0; column < target.width; ++column) {
        const float painted = edit.at(column * edit.width / target.width, row * edit.height / target.height);
        if (!std::isnan(painted)) target.at(column, row) = painted;
      }
    }
  }
  return logits;
}

}  // namespace tactus::pipeline
