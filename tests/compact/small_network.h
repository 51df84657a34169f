// A compact network on a sample of a few made-up points.
#pragma once

#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <cstdint>

#include "tactus/compact/weights.h"

namespace tactus::compact::testing {

inline evidence::BodySample small_sample(int points = 120, int clusters = 8) {
  evidence::BodySample sample;
  sample.cluster_count = clusters;
  sample.near_clusters.resize(points, 3);
  sample.near_weights.resize(points, 3);
  sample.rest = geometry::Vertices::Zero(points, 3);
  for (int i = 0; i < points; ++i) {
    sample.vertices.push_back(i);
    sample.cluster.push_back(static_cast<std::int16_t>(i * clusters / points));
    for (int k = 0; k < 3; ++k) sample.near_clusters(i, k) = static_cast<std::int16_t>((sample.cluster.back() + k) % clusters);
    sample.near_weights.row(i) << 0.5F, 0.3F, 0.2F;
  }
  return sample;
}

inline WeightsInfo small_info(int points = 120, int clusters = 8) {
  WeightsInfo info;
  info.words = {"which", "parts", "touch", "the", "cup", "?", "hand", "."};
  info.categories = {"cup", "ball"};
  info.sample.count = points;
  info.sample.clusters = clusters;
  info.options.vocabulary = 15;
  info.options.categories = 3;
  info.options.sample_size = points;
  info.options.clusters = clusters;
  info.options.width = 32;
  info.options.feed_forward = 64;
  info.options.decoder_width = 16;
  info.options.max_positions = 32;
  info.provenance = R"({"seed": 3})";
  return info;
}

inline Batch random_batch(const NetworkOptions& options, std::int64_t count, std::int64_t words = 9, std::int64_t object_points = 20) {
  Batch batch;
  batch.vertex = at::randn({count, options.sample_size, options.vertex_features});
  batch.global = at::randn({count, options.global_features});
  batch.category = at::randint(0, options.categories, {count}, at::kLong);
  batch.words = at::randint(7, options.vocabulary, {count, words}, at::kLong);
  batch.question_length = at::randint(2, words - 2, {count}, at::kLong);
  batch.object = at::randn({count, object_points, options.object_features});
  batch.object_part = at::randint(0, options.vocabulary, {count, object_points}, at::kLong);
  return batch;
}

}  // namespace tactus::compact::testing
