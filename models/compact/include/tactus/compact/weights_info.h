// What a file of compact weights says about itself. No torch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tactus/evidence/body_sample.h"

namespace tactus::compact {

struct NetworkOptions {
  std::int64_t vocabulary = 512;           // words, with the special ones of Vocabulary
  std::int64_t width = 96, layers = 2, heads = 4, feed_forward = 256;
  std::int64_t sample_size = 2400, clusters = 64, categories = 40;   // categories: rows of the prior, 0 = unknown
  std::int64_t vertex_features = 22, global_features = 22;
  std::int64_t vertex_embedding = 24;      // learned, a sample point
  std::int64_t decoder_width = 64, object_decoder_width = 64;
  std::int64_t object_features = 13;
  std::int64_t object_waves = 3;           // sines and cosines of a point's place in the object's box, a coordinate
  std::int64_t max_positions = 192;
  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

// An object's points ask the scene with so many attention heads: object_decoder_width is a multiple of it.
inline constexpr std::int64_t kReachHeads = 4;

// How often the thing that is asked about is touched; presence is calibrated for such a mix of questions.
inline constexpr double kUsuallyTouched = 2147.0 / 2922.0;

struct WeightsInfo {
  NetworkOptions options;
  evidence::BodySampleOptions sample;
  std::vector<std::string> words;          // of the vocabulary, without the special ones
  std::vector<std::string> categories;     // row i + 1 of the prior; row 0 is any other category
  // Chosen on the validation split. Probabilities are sigmoid(logit / temperature), of presence sigmoid(logit / temperature + bias).
  // The thresholds of contact are shares of the F1 that an answer can be expected to have (contact/decision.h).
  double contact_threshold = 0.5, object_threshold = 0.5, presence_gate = 0.5;
  double contact_temperature = 1.0, object_temperature = 1.0, presence_temperature = 1.0;
  double presence_bias = 0.0;
  // The threshold and the gate where the marks are a network's guesses, chosen on made photographs. 0: this model never learned from
  // guesses, and answers them as it answers marks.
  double guessed_threshold = 0.0, guessed_gate = 0.0;
  std::string provenance = "{}";           // a JSON object: command, seed, scenes, steps, hours, hardware, scores
};

// For contact::contact_threshold of the body's and of the object's probabilities; with presence below `gate` nothing touches.
struct Thresholds {
  double body = 0.5, object = 0.5, gate = 0.5;
};
// guessed: evidence::Evidence::guessed.
Thresholds thresholds(const WeightsInfo& info, bool guessed);

// A model that learned from guesses weighs them itself: the rules that guard others from marks in wrong places would only take away.
inline bool learned_from_guesses(const WeightsInfo& info) { return info.guessed_threshold > 0.0; }
inline bool weighs_marks_itself(const WeightsInfo& info, bool guessed) { return guessed && learned_from_guesses(info); }

// Error{bad_input}: not a safetensors file of a compact model; an unknown key; a value that is missing, of another kind or
// impossible.
WeightsInfo read_weights_info(const std::filesystem::path& file);

}  // namespace tactus::compact
