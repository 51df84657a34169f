#include "tactus/compact/network.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/amin.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "surface_decoder.h"
#include "tactus/error.h"

namespace tactus::compact {
namespace {

constexpr std::int64_t kPartWidth = 16;

void check(const NetworkOptions& options) {
  const auto within = [](std::int64_t value, std::int64_t low, std::int64_t high, const char* name) {
    if (value < low || value > high) {
      throw bad_input(std::string("the compact network's ") + name + " is " + std::to_string(value) + "; it must be between " +
                      std::to_string(low) + " and " + std::to_string(high));
    }
  };
  within(options.vocabulary, 8, 65535, "vocabulary");
  within(options.width, 8, 4096, "width");
  within(options.layers, 1, 64, "layers");
  within(options.heads, 1, options.width, "heads");
  within(options.feed_forward, 8, 65536, "feed_forward");
  within(options.sample_size, 16, 100000, "sample_size");
  within(options.clusters, 1, options.sample_size, "clusters");
  within(options.categories, 1, 10000, "categories");
  within(options.vertex_features, 1, 1024, "vertex_features");
  within(options.global_features, 1, 1024, "global_features");
  within(options.vertex_embedding, 1, 1024, "vertex_embedding");
  within(options.decoder_width, 4, 4096, "decoder_width");
  within(options.object_decoder_width, 4, 4096, "object_decoder_width");
  within(options.object_features, 3, 1024, "object_features");
  within(options.object_waves, 0, 16, "object_waves");
  within(options.max_positions, 16, 65536, "max_positions");
  if (options.object_decoder_width % kReachHeads != 0) {
    throw bad_input("the compact network's object_decoder_width is " + std::to_string(options.object_decoder_width) + "; it must be a multiple of " + std::to_string(kReachHeads));
  }
}

// [B, P, features] whose first three are a place in the box, −1…1 → [B, P, 6 · waves]: sines and cosines of half a turn from the
// middle to a side, doubled from one to the next. A place can so be named, and not only a direction.
at::Tensor waves_of(const at::Tensor& object, std::int64_t waves) {
  const torch::NoGradGuard no_grad;   // of what is given, not learned
  const at::Tensor place = object.narrow(2, 0, 3);
  std::vector<at::Tensor> columns;
  for (std::int64_t k = 0; k < waves; ++k) {
    const at::Tensor angle = place * (0.5 * std::numbers::pi * std::exp2(static_cast<double>(k)));
    columns.push_back(angle.sin());
    columns.push_back(angle.cos());
  }
  return columns.empty() ? object.narrow(2, 0, 0) : at::cat(columns, 2);
}

llama::DecoderOptions decoder_options(const NetworkOptions& options) {
  llama::DecoderOptions decoder;
  decoder.vocab_size = options.vocabulary;
  decoder.hidden_size = options.width;
  decoder.layers = options.layers;
  decoder.heads = decoder.key_value_heads = options.heads;
  decoder.intermediate_size = options.feed_forward;
  decoder.prefix = 1 + options.clusters;   // the scene is not read in an order
  decoder.max_positions = decoder.prefix + options.max_positions;
  return decoder;
}

}  // namespace

NetworkImpl::NetworkImpl(const NetworkOptions& options, const at::Tensor& cluster, const at::Tensor& near_clusters,
                         const at::Tensor& near_weights)
    : options(options) {
  check(options);
  const std::int64_t points = options.sample_size, clusters = options.clusters, width = options.width;
  if (cluster.sizes() != at::IntArrayRef({points}) || near_clusters.sizes() != at::IntArrayRef({points, 3}) ||
      near_weights.sizes() != at::IntArrayRef({points, 3})) {
    throw bad_input("the compact network is for " + std::to_string(points) + " points of the body, but the sample has " +
                    std::to_string(cluster.size(0)) + "; use the sample that it was made for");
  }
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(clusters));
  const auto of = cluster.to(at::kLong).contiguous();
  for (std::int64_t i = 0; i < points; ++i) {
    const std::int64_t c = of.const_data_ptr<std::int64_t>()[i];
    if (c < 0 || c >= clusters) throw bad_input("the compact network has " + std::to_string(clusters) + " clusters, but the sample names cluster " + std::to_string(c));
    members[static_cast<std::size_t>(c)].push_back(i);
  }
  std::size_t largest = 1;
  for (const auto& list : members) largest = std::max(largest, list.size());
  tables_.mean = at::zeros({clusters, points});
  tables_.members = at::zeros({clusters, static_cast<std::int64_t>(largest)}, at::kLong);
  for (std::size_t c = 0; c < members.size(); ++c) {
    for (std::size_t i = 0; i < largest && !members[c].empty(); ++i) {
      const std::int64_t point = members[c][i < members[c].size() ? i : 0];
      tables_.members.data_ptr<std::int64_t>()[c * largest + i] = point;
      tables_.mean.data_ptr<float>()[static_cast<std::int64_t>(c) * points + point] = 1.0F / static_cast<float>(members[c].size());
    }
  }
  tables_.members = tables_.members.flatten();
  tables_.spread = at::zeros({points, clusters}).scatter_add_(1, near_clusters.to(at::kLong), near_weights.to(at::kFloat));

  vertex_embedding_ = register_parameter("vertex_embedding", at::empty({points, options.vertex_embedding}));
  cluster_position_ = register_parameter("cluster_position", at::empty({clusters, width}));
  category_embedding_ = register_parameter("category_embedding", at::empty({options.categories, width}));
  part_embedding_ = register_parameter("part_embedding", at::empty({options.vocabulary, kPartWidth}));
  prior_ = register_buffer("prior", at::zeros({options.categories, points}));
  const auto head = [&](const char* name, const std::vector<std::int64_t>& sizes, HeadImpl::Activation activation) {
    return register_module(name, std::make_shared<HeadImpl>(sizes, activation));
  };
  evidence_proj_ = head("evidence_proj", {options.vertex_features + 2 + options.vertex_embedding, width}, HeadImpl::Activation::silu);
  global_proj_ = head("global_proj", {options.global_features, width}, HeadImpl::Activation::silu);
  language_ = register_module("language", llama::Decoder(decoder_options(options)));
  lm_head_ = head("lm_head", {width, options.vocabulary}, HeadImpl::Activation::silu);
  contact_hidden_fcs_ = head("contact_hidden_fcs", {width, width, width}, HeadImpl::Activation::relu);
  presence_head_ = head("presence_head", {width + options.global_features, width / 2, 1}, HeadImpl::Activation::silu);
  vertex_decoder_ = register_module("vertex_decoder", std::make_shared<SurfaceDecoderImpl>(options.vertex_features + 1, SurfaceDecoderImpl::Reach::spread, width, options.vertex_embedding, width, options.decoder_width));
  object_decoder_ = register_module("object_decoder", std::make_shared<SurfaceDecoderImpl>(options.object_features + 6 * options.object_waves + kPartWidth, SurfaceDecoderImpl::Reach::attention, width, 0, width, options.object_decoder_width));
}

void NetworkImpl::initialise(std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const double depth = 1.0 / std::sqrt(2.0 * static_cast<double>(options.layers));
  for (auto& item : named_parameters()) {
    const std::string& name = item.key();
    at::Tensor& tensor = item.value();
    const auto has = [&](const char* text) { return name.find(text) != std::string::npos; };
    if (has("norm.weight") || has("layernorm.weight")) {
      tensor.fill_(1.0);
    } else if (name.ends_with("bias")) {
      tensor.zero_();
    } else if (has("embed_tokens") || has("cluster_position") || has("_embedding")) {
      tensor.normal_(0.0, 0.3, generator);
    } else {
      // Points and hidden weights of the surface decoders are [in, out], all others [out, in].
      const bool in_first = has("points_weight") || has("hidden_weight");
      double deviation = 1.0 / std::sqrt(static_cast<double>(tensor.size(in_first ? 0 : 1)));
      if (has("o_proj") || has("down_proj")) deviation *= depth;
      if (has("film")) deviation *= 0.1;
      tensor.normal_(0.0, deviation, generator);
    }
  }
  vertex_decoder_->start_at_zero();
  object_decoder_->start_at_zero();
}

void NetworkImpl::set_prior(const at::Tensor& log_odds) {
  const torch::NoGradGuard no_grad;
  prior_.copy_(log_odds);
}

const NetworkImpl::Tables& NetworkImpl::tables(const at::Tensor& like) {
  if (tables_.mean.device() != like.device() || tables_.mean.scalar_type() != like.scalar_type()) {
    tables_ = {tables_.mean.to(like.options()), tables_.members.to(like.device()), tables_.spread.to(like.options())};
  }
  return tables_;
}

// The global token and the tokens of the clusters, [B, 1 + C, width].
at::Tensor NetworkImpl::scene(const Batch& batch, const at::Tensor& prior) {
  const Tables& table = tables(batch.vertex);
  const std::int64_t count = batch.vertex.size(0), clusters = options.clusters;
  at::Tensor features;
  {
    const torch::NoGradGuard no_grad;   // of what is given, not learned
    const at::Tensor nearest =
        batch.vertex.select(2, 0).index_select(1, table.members).reshape({count, clusters, -1}).amin(2, true);
    const at::Tensor usual = at::matmul(prior, table.mean.t()).unsqueeze(2);
    features = at::cat({at::matmul(table.mean, batch.vertex), nearest, usual}, 2);
  }
  const at::Tensor place = at::matmul(table.mean, vertex_embedding_).unsqueeze(0).expand({count, clusters, options.vertex_embedding});
  const at::Tensor tokens = evidence_proj_->forward(at::cat({features, place}, 2)) + cluster_position_;
  const at::Tensor whole = global_proj_->forward(batch.global) + at::embedding(category_embedding_, batch.category);
  return at::cat({whole.unsqueeze(1), tokens}, 1);
}

at::Tensor NetworkImpl::embeddings(const Batch& batch) {
  return at::cat({scene(batch, prior_.index_select(0, batch.category)), language_->embed(batch.words)}, 1);
}

at::Tensor NetworkImpl::lm_head(const at::Tensor& states) { return lm_head_->forward(states); }

Output NetworkImpl::forward(const Batch& batch) {
  const std::int64_t count = batch.vertex.size(0), clusters = options.clusters, words = batch.words.size(1);
  TORCH_CHECK(batch.vertex.size(1) == options.sample_size && batch.vertex.size(2) == options.vertex_features,
              "the vertices' evidence should be [B, ", options.sample_size, ", ", options.vertex_features, "], got ", batch.vertex.sizes());
  TORCH_CHECK(words <= options.max_positions, "at most ", options.max_positions, " words, got ", words);
  const Tables& table = tables(batch.vertex);
  const at::Tensor prior = prior_.index_select(0, batch.category);
  const at::Tensor states = language_->forward(at::cat({scene(batch, prior), language_->embed(batch.words)}, 1));

  Output output;
  const at::Tensor spoken = states.narrow(1, 1 + clusters, words);
  output.words = lm_head_->forward(spoken);
  const at::Tensor rows = at::arange(count, batch.question_length.options());
  output.contact_token = spoken.index({rows, batch.question_length - 1});
  output.presence = presence_head_->forward(at::cat({output.contact_token, batch.global}, 1)).squeeze(1);
  const at::Tensor token = contact_hidden_fcs_->forward(output.contact_token);
  const at::Tensor around = states.narrow(1, 1, clusters);
  const auto decoded = [&](const at::Tensor& of_points, std::int64_t dimension) {
    return batch.points.defined() ? of_points.index_select(dimension, batch.points) : of_points;
  };
  const at::Tensor usual = decoded(prior, 1);
  output.body = vertex_decoder_->forward(at::cat({decoded(batch.vertex, 1), usual.unsqueeze(2)}, 2), token, around, decoded(table.spread, 0), decoded(vertex_embedding_, 0)) + usual;
  if (batch.object.defined() && batch.object.size(1) > 0) {
    output.object = object_decoder_->forward(at::cat({batch.object, waves_of(batch.object, options.object_waves), at::embedding(part_embedding_, batch.object_part)}, 2), token, around);
  } else {
    output.object = at::zeros({count, 0}, output.presence.options());
  }
  return output;
}

}  // namespace tactus::compact
