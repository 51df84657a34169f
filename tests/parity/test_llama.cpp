#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "near.h"
#include "tactus/checkpoint/load_module.h"
#include "tactus/error.h"
#include "tactus/layers/linear.h"
#include "tactus/llama/blocks.h"
#include "tactus/llama/decoder.h"

namespace tactus::llama {
namespace {

using testing::near;
using testing::near_bf16;

const std::filesystem::path kData = std::filesystem::path(TACTUS_TEST_DATA) / "llama";

struct Case {
  const char* name;
  DecoderOptions options;
};

DecoderOptions sizes(std::int64_t vocab, std::int64_t hidden, std::int64_t layers, std::int64_t heads,
                     std::int64_t key_value_heads, std::int64_t mlp, double eps) {
  DecoderOptions options;
  options.vocab_size = vocab;
  options.hidden_size = hidden;
  options.layers = layers;
  options.heads = heads;
  options.key_value_heads = key_value_heads;
  options.intermediate_size = mlp;
  options.max_positions = 128;
  options.rms_norm_eps = eps;
  return options;
}

class Reference : public ::testing::TestWithParam<Case> {
 protected:
  Reference() : decoder(GetParam().options), lm_head(head_options()) {
    load(at::kFloat);
  }
  layers::LinearOptions head_options() const {
    return layers::LinearOptions(GetParam().options.hidden_size, GetParam().options.vocab_size).with_bias(false);
  }
  void load(at::ScalarType dtype) {
    const std::string name = GetParam().name;
    const auto weights = checkpoint::open_tensors(kData / (name + ".safetensors"));
    checkpoint::LoadOptions options;
    options.dtype = dtype;
    options.prefix = "model.";
    checkpoint::load_module(*decoder, *weights, options);
    options.prefix = "lm_head.";
    checkpoint::load_module(*lm_head, *weights, options);
    expected = checkpoint::open_tensors(kData / (name + "_expected.safetensors"));
  }
  at::Tensor want(const std::string& name) const { return expected->read(name); }
  // Two words, sixteen rows of a picture, one word.
  at::Tensor prompt() {
    const at::Tensor rows = decoder->embed(want("ids"));
    return at::cat({rows.narrow(0, 0, 2), want("picture").to(rows.scalar_type()), rows.narrow(0, 2, 1)}, 0)
        .unsqueeze(0);
  }
  Generation generate(const GenerateOptions& options) {
    return generate_greedy(*decoder, [&](const at::Tensor& h) { return lm_head(h); }, prompt(), options);
  }
  DecoderLayerImpl& first_layer() { return *dynamic_cast<DecoderLayerImpl*>(find("layers.0")); }
  torch::nn::Module* find(const std::string& name) {
    for (const auto& item : decoder->named_modules()) {
      if (item.key() == name) return item.value().get();
    }
    return nullptr;
  }
  Step step(std::int64_t count, at::ScalarType dtype) {
    Step step;
    std::tie(step.cos, step.sin) = rotary_tables(GetParam().options, count, dtype, at::kCPU);
    step.causal = true;
    return step;
  }

  torch::NoGradGuard no_grad;
  Decoder decoder;
  layers::Linear lm_head;
  std::shared_ptr<const checkpoint::TensorSource> expected;
};

// METHOD.md §10.3 (a)–(c)
TEST_P(Reference, PartsOfALayer) {
  const at::Tensor x = prompt();
  EXPECT_TRUE(near(first_layer().input_layernorm(x), want("rms_norm"), 1e-6, 1e-6));
  const Step now = step(19, at::kFloat);
  EXPECT_TRUE(near(rotate(want("q"), now.cos, now.sin), want("rotary_q"), 1e-6, 1e-6));
  EXPECT_TRUE(near(rotate(want("k"), now.cos, now.sin), want("rotary_k"), 1e-6, 1e-6));
  EXPECT_TRUE(near(first_layer().self_attn(x, now, 0), want("attention"), 1e-5, 1e-5));
}

// (d), (e)
TEST_P(Reference, HiddenStatesAndLogits) {
  const at::Tensor hidden = decoder(prompt());
  EXPECT_TRUE(near(hidden, want("hidden"), 1e-5, 1e-5));
  EXPECT_TRUE(near(lm_head(hidden), want("logits"), 1e-5, 1e-5));
}

// (f), and the state and the probability that belong to each token
TEST_P(Reference, GreedyTokens) {
  GenerateOptions options;
  options.max_new_tokens = 12;
  options.eos = -1;
  const Generation made = generate(options);
  ASSERT_EQ(made.tokens.size(), 12U);
  EXPECT_TRUE(made.reached_limit);
  const at::Tensor ids = want("greedy_ids"), hidden = want("greedy_hidden"), chances = want("greedy_probability");
  for (std::int64_t i = 0; i < 12; ++i) {
    const GeneratedToken& token = made.tokens[static_cast<std::size_t>(i)];
    EXPECT_EQ(token.id, ids[i].item<std::int64_t>()) << i;
    EXPECT_TRUE(near(token.hidden, hidden[i], 1e-5, 1e-5)) << i;
    EXPECT_NEAR(token.probability, chances[i].item<double>(), 1e-5) << i;
  }
}

TEST_P(Reference, StopsAtTheEndTokenAndAtTheLimit) {
  const at::Tensor ids = want("greedy_ids");
  GenerateOptions options;
  options.max_new_tokens = 12;
  options.eos = ids[4].item<std::int64_t>();
  std::int64_t first = 0;
  while (ids[first].item<std::int64_t>() != options.eos) ++first;
  const Generation ended = generate(options);
  ASSERT_EQ(static_cast<std::int64_t>(ended.tokens.size()), first + 1);
  EXPECT_EQ(ended.tokens.back().id, options.eos);
  EXPECT_FALSE(ended.reached_limit);
  options.max_new_tokens = first;
  EXPECT_TRUE(generate(options).reached_limit);
  EXPECT_EQ(static_cast<std::int64_t>(generate(options).tokens.size()), first);
}

// (g): in one go, word by word, and in two pieces
TEST_P(Reference, CacheGivesTheSame) {
  const at::Tensor x = prompt(), whole = decoder(x);
  for (const std::vector<std::int64_t>& pieces :
       {std::vector<std::int64_t>{19}, {10, 9}, {18, 1}, std::vector<std::int64_t>(19, 1)}) {
    KeyValueCache cache(GetParam().options, 19, at::kFloat, at::kCPU);
    const void* memory = cache.keys[0].data_ptr();
    std::vector<at::Tensor> found;
    std::int64_t begin = 0;
    for (const std::int64_t count : pieces) {
      found.push_back(decoder(x.narrow(1, begin, count), &cache));
      begin += count;
      EXPECT_EQ(cache.length(), begin);
    }
    EXPECT_TRUE(near(at::cat(found, 1), whole, 1e-5, 1e-5));
    EXPECT_EQ(cache.keys[0].data_ptr(), memory);
  }
}

// The prefix sees itself as a whole: each row's softmax by hand over the positions that it may see.
TEST_P(Reference, APrefixSeesItselfAsAWhole) {
  constexpr std::int64_t kPrefix = 7;
  decoder->options.prefix = kPrefix;
  const DecoderOptions& o = decoder->options;
  const at::Tensor input = prompt();
  const std::int64_t count = input.size(1), size = o.hidden_size / o.heads, groups = o.heads / o.key_value_heads;
  const auto [cos, sin] = rotary_tables(o, count, at::kFloat, at::kCPU);
  at::Tensor x = input;
  for (std::int64_t i = 0; i < o.layers; ++i) {
    auto& layer = *dynamic_cast<DecoderLayerImpl*>(find("layers." + std::to_string(i)));
    const at::Tensor y = layer.input_layernorm(x);
    const auto split = [&, &cos = cos, &sin = sin](const at::Tensor& z, std::int64_t heads, bool turn) {
      const at::Tensor apart = z.reshape({1, count, heads, size}).transpose(1, 2);
      return (turn ? rotate(apart, cos, sin) : apart)[0].contiguous();
    };
    const at::Tensor q = split(layer.self_attn->q_proj(y), o.heads, true), k = split(layer.self_attn->k_proj(y), o.key_value_heads, true),
                     v = split(layer.self_attn->v_proj(y), o.key_value_heads, false);
    const at::Tensor mixed = at::zeros({count, o.heads, size});
    for (std::int64_t head = 0; head < o.heads; ++head) {
      for (std::int64_t row = 0; row < count; ++row) {
        const std::int64_t seen = row < kPrefix ? kPrefix : row + 1;
        double sum = 0;
        at::Tensor value = at::zeros({size}, at::kDouble);
        for (std::int64_t j = 0; j < seen; ++j) {
          const double weight = std::exp(q[head][row].dot(k[head / groups][j]).item<double>() / std::sqrt(static_cast<double>(size)));
          value += weight * v[head / groups][j].to(at::kDouble);
          sum += weight;
        }
        mixed[row][head].copy_(value / sum);
      }
    }
    x = x + layer.self_attn->o_proj(mixed.reshape({1, count, o.hidden_size}));
    x = x + layer.mlp(layer.post_attention_layernorm(x));
  }
  const at::Tensor expected_states = dynamic_cast<RmsNormImpl*>(find("norm"))->forward(x), whole = decoder(input);
  EXPECT_TRUE(near(whole, expected_states, 1e-5, 1e-5));
  EXPECT_FALSE(near(whole, want("hidden"), 1e-3, 1e-3));
  for (const std::int64_t first : {kPrefix, count - 1}) {
    KeyValueCache cache(o, count, at::kFloat, at::kCPU);
    std::vector<at::Tensor> found{decoder(input.narrow(1, 0, first), &cache), decoder(input.narrow(1, first, count - first), &cache)};
    EXPECT_TRUE(near(at::cat(found, 1), whole, 1e-5, 1e-5));
  }
  EXPECT_THROW(decoder(input.narrow(1, 0, kPrefix - 1)), c10::Error);
  decoder->options.prefix = 1;
  EXPECT_TRUE(near(decoder(input), want("hidden"), 1e-5, 1e-5));
}

TEST_P(Reference, Bf16) {
  load(at::kBFloat16);
  const at::Tensor x = prompt();
  EXPECT_TRUE(near_bf16(first_layer().input_layernorm(x), want("bf16.rms_norm")));
  // The tables are cast before the products, so that these agree to the last bit.
  const Step now = step(19, at::kBFloat16);
  EXPECT_TRUE(rotate(want("q").to(at::kBFloat16), now.cos, now.sin).equal(want("bf16.rotary_q")));
  EXPECT_TRUE(rotate(want("k").to(at::kBFloat16), now.cos, now.sin).equal(want("bf16.rotary_k")));
  EXPECT_TRUE(near_bf16(first_layer().self_attn(x, now, 0), want("bf16.attention")));
  const at::Tensor hidden = decoder(x);
  EXPECT_TRUE(near_bf16(hidden, want("bf16.hidden")));
  EXPECT_TRUE(near_bf16(lm_head(hidden), want("bf16.logits")));
}

// The rounding of tables computed in bf16 is what casting afterwards avoids.
TEST_P(Reference, Bf16TablesAreCastNotComputed) {
  const DecoderOptions& options = GetParam().options;
  const Step exact = step(128, at::kFloat), cast = step(128, at::kBFloat16);
  const std::int64_t size = options.hidden_size / options.heads;
  const at::Tensor frequencies = torch::pow(10000.0,
                                            -torch::arange(0, size, 2, at::kFloat) / size).to(at::kBFloat16);
  const at::Tensor angles = at::outer(torch::arange(128).to(at::kBFloat16), frequencies);
  const at::Tensor naive = at::cat({angles, angles}, -1).cos();
  const auto error = [&](const at::Tensor& cos) {
    return (cos.to(at::kFloat) - exact.cos).abs().mean().item<float>();
  };
  EXPECT_LT(2.0F * error(cast.cos), error(naive));
}

// Attention in bf16 against fp32: its softmax is wider than bf16.
TEST_P(Reference, Bf16SoftmaxIsInFp32) {
  const DecoderOptions& options = GetParam().options;
  const std::int64_t size = options.hidden_size / options.heads, count = 100;
  torch::manual_seed(8);
  // Many nearly equal scores: the weights are small and their sum is where bf16 loses.
  const at::Tensor q = 0.3 * torch::randn({1, options.heads, count, size}).to(at::kBFloat16);
  const at::Tensor k = 0.3 * torch::randn({1, options.heads, count, size}).to(at::kBFloat16);
  const at::Tensor v = torch::rand({1, options.heads, count, size}).to(at::kBFloat16);
  const auto mix = [&](at::ScalarType dtype) {
    const at::Tensor scores =
        q.to(dtype).matmul(k.to(dtype).transpose(2, 3)) / std::sqrt(static_cast<double>(size));
    const at::Tensor e = scores.exp();
    at::Tensor sum = at::zeros_like(e.select(-1, 0));
    for (std::int64_t i = 0; i < count; ++i) sum = sum + e.select(-1, i);   // every partial sum is rounded
    return (e / sum.unsqueeze(-1)).matmul(v.to(dtype)).to(at::kFloat);
  };
  const at::Tensor exact = mix(at::kFloat);
  const auto error = [&](const at::Tensor& y) { return (y.to(at::kFloat) - exact).abs().mean().item<float>(); };
  EXPECT_LT(2.0F * error(attend(q, k, v, Step{})), error(mix(at::kBFloat16)));
}

TEST_P(Reference, HonoursAStop) {
  KeyValueCache cache(GetParam().options, 32, at::kFloat, at::kCPU);
  std::stop_source stop;
  const Progress progress({}, stop.get_token());
  std::int64_t heard = 0;
  const auto run = [&] {
    generate_greedy(*decoder, [&](const at::Tensor& h) { return lm_head(h); }, prompt(), {512, -1}, progress,
                    [&](const GeneratedToken&) {
                      if (++heard == 3) stop.request_stop();
                    });
  };
  try {
    run();
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
  }
  EXPECT_EQ(heard, 3);
  EXPECT_THROW(decoder(prompt(), &cache, progress), Error);
  EXPECT_EQ(cache.length(), 0);
}

TEST_P(Reference, Trains) {
  const at::AutoGradMode on(true);
  decoder(prompt()).square().sum().backward();
  for (const auto& item : decoder->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().sum().item<float>(), 0.0F) << item.key();
  }
}

// §2.7: with a picture of 256 rows the state that chose the token at index k of the ids is row k + 254.
TEST_P(Reference, ChosenStateIsRow254Later) {
  const at::Tensor before = decoder->embed(torch::tensor({1, 5, 9, 3}).unsqueeze(0));
  const at::Tensor after = decoder->embed(torch::tensor({7, 11}).unsqueeze(0));
  const at::Tensor picture = torch::randn({1, 256, GetParam().options.hidden_size});
  const at::Tensor spliced = at::cat({before, picture, after}, 1);
  const Generation made =
      generate_greedy(*decoder, [&](const at::Tensor& h) { return lm_head(h); }, spliced, {5, -1});
  std::vector<at::Tensor> rows{spliced};
  for (const GeneratedToken& token : made.tokens) rows.push_back(decoder->embed(torch::tensor({{token.id}})));
  const at::Tensor whole = decoder(at::cat(rows, 1))[0];
  const std::int64_t prompt_ids = 4 + 1 + 2;
  for (std::int64_t i = 0; i < 5; ++i) {
    const std::int64_t k = prompt_ids + i;
    EXPECT_TRUE(near(made.tokens[static_cast<std::size_t>(i)].hidden, whole[k + 254], 1e-4, 1e-4)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Reference,
                         ::testing::Values(Case{"tiny", sizes(97, 64, 2, 4, 4, 96, 1e-5)},
                                           Case{"grouped", sizes(61, 48, 3, 6, 2, 80, 1e-6)}),
                         [](const auto& info) { return info.param.name; });

TEST(Decoder, NamesAreTheCheckpointsKeys) {
  const Decoder decoder(sizes(8, 8, 1, 2, 2, 12, 1e-5));
  std::vector<std::string> names;
  for (const auto& item : decoder->named_parameters()) names.push_back(item.key());
  std::sort(names.begin(), names.end());
  const std::vector<std::string> expected{
      "embed_tokens.weight",
      "layers.0.input_layernorm.weight",
      "layers.0.mlp.down_proj.weight",
      "layers.0.mlp.gate_proj.weight",
      "layers.0.mlp.up_proj.weight",
      "layers.0.post_attention_layernorm.weight",
      "layers.0.self_attn.k_proj.weight",
      "layers.0.self_attn.o_proj.weight",
      "layers.0.self_attn.q_proj.weight",
      "layers.0.self_attn.v_proj.weight",
      "norm.weight"};
  EXPECT_EQ(names, expected);
}

TEST(Decoder, RefusesImpossibleSizes) {
  EXPECT_THROW(Decoder(sizes(8, 10, 1, 3, 3, 12, 1e-5)), Error);
  EXPECT_THROW(Decoder(sizes(8, 12, 1, 4, 4, 12, 1e-5)), Error);    // heads of 3
  EXPECT_THROW(Decoder(sizes(8, 16, 1, 4, 3, 12, 1e-5)), Error);
  EXPECT_THROW(Decoder(sizes(0, 16, 1, 4, 4, 12, 1e-5)), Error);
  for (const std::int64_t prefix : {-1, 129}) {
    DecoderOptions options = sizes(8, 16, 1, 4, 4, 12, 1e-5);
    options.prefix = prefix;
    EXPECT_THROW(Decoder{options}, Error) << prefix;
  }
}

}  // namespace
}  // namespace tactus::llama
