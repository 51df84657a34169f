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
