#include "photo_picture.h"

#include <algorithm>
#include <cmath>

#include "case_picture.h"

namespace tactus::evaluation {
namespace {

constexpr int kWide = 2 * kPictureSide, kHigh = kWide * 3 / 4;

using Rgb = std::array<std::uint8_t, 3>;

void tint(ImageU8& picture, const std::optional<ImageU8>& mask, const Rgb& colour) {
  if (!mask || !mask->same_size(picture.width, picture.height)) return;
  for (std::size_t i = 0; i < mask->data.size(); ++i)
    if (mask->data[i] != 0)
      for (std::size_t k = 0; k < 3; ++k) picture.data[3 * i + k] = static_cast<std::uint8_t>((picture.data[3 * i + k] + colour[k]) / 2);
}

void dot(ImageU8& picture, double x, double y, double radius, const Rgb& colour) {
  for (int row = static_cast<int>(y - radius - 1); row <= static_cast<int>(y + radius + 1); ++row) {
    for (int column = static_cast<int>(x - radius - 1); column <= static_cast<int>(x + radius + 1); ++column) {
      if (row < 0 || column < 0 || row >= picture.height || column >= picture.width) continue;
      const double away = std::hypot(column + 0.5 - x, row + 0.5 - y);
      if (away > radius + 1) continue;
      for (int k = 0; k < 3; ++k) picture.at(column, row, k) = away > radius ? 0 : colour[static_cast<std::size_t>(k)];
    }
  }
}

}  // namespace

ImageU8 marked_photograph(const ImageU8& rgb, const contact::Marks& marks) {
  ImageU8 photo = rgb;
  tint(photo, marks.human_mask, {60, 130, 230});
  tint(photo, marks.object_mask, {250, 150, 30});
  const double scale = std::max(static_cast<double>(photo.width) / kWide, static_cast<double>(photo.height) / kHigh);
  if (marks.keypoints) {
    for (std::size_t k = 0; k < marks.keypoints->size(); ++k) {
      const auto& point = (*marks.keypoints)[k];
      if (point.visibility == body::Visibility::unknown) continue;
      const bool left = body::kKeypointNames[k].starts_with("left"), right = body::kKeypointNames[k].starts_with("right");
      dot(photo, point.x, point.y, scale * (point.visibility == body::Visibility::visible ? 4.0 : 2.5),
          left ? Rgb{40, 200, 80} : right ? Rgb{220, 40, 50} : Rgb{250, 220, 60});
    }
  }
  ImageU8 fitted(kWide, kHigh, 3, 255);
  const int wide = std::min(kWide, static_cast<int>(std::lround(photo.width / scale))), high = std::min(kHigh, static_cast<int>(std::lround(photo.height / scale)));
  for (int row = 0; row < high; ++row)
    for (int column = 0; column < wide; ++column)
      for (int k = 0; k < 3; ++k)
        fitted.at((kWide - wide) / 2 + column, (kHigh - high) / 2 + row, k) =
            photo.at(std::min(photo.width - 1, static_cast<int>((column + 0.5) * scale)), std::min(photo.height - 1, static_cast<int>((row + 0.5) * scale)), k);
  return fitted;
}

ImageU8 photo_picture(const SplitEvaluation& evaluated, const PhotoAnswer& answer, const views::ViewRenderer& renderer, const Progress& progress) {
  const auto& source = *evaluated.source;
  const PromptResult& prompt = evaluated.evaluation.prompts.at(answer.prompt);
  const auto scene = source.make(prompt.scene);
  const auto prompts = source.scene(prompt.scene);
  const Prompt& asked = prompts.at(static_cast<std::size_t>(prompt.object));
  const auto picture = source.photograph(scene, prompt.scene, evaluated.photo_only.picture, progress);
  const auto answered = answer_from_photo(source, asked, picture.rgb, *evaluated.perceiver, evaluated.candidates(), evaluated.photo_only, progress);
  const Eigen::VectorXf said = contact_on_body(answered.policy, answered.said);
  const auto& faces = source.body().faces();
  const std::array<ImageU8, 3> parts = {marked_photograph(picture.rgb, answered.marks),
                                        body_picture(scene.vertices, faces, evidence::to_all_vertices(source.sample(), said), false, renderer),
                                        body_picture(scene.vertices, faces, evidence::to_all_vertices(source.sample(), asked.body_truth), false, renderer)};
  ImageU8 all(kWide, kHigh + kPictureSide, 3, 255);
  for (int row = 0; row < kHigh; ++row) std::copy_n(parts[0].row(row), 3 * kWide, all.row(row));
  for (int p = 1; p < 3; ++p)
    for (int row = 0; row < kPictureSide; ++row)
      std::copy_n(parts[static_cast<std::size_t>(p)].row(row), 3 * kPictureSide, all.row(kHigh + row) + 3 * kPictureSide * (p - 1));
  return all;
}

}  // namespace tactus::evaluation
