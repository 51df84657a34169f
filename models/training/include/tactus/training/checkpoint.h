// The state of a training: weights, optimiser, position. One file, replaced at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "tactus/training/optimiser.h"

namespace tactus::training {

struct Position {
  std::int64_t step = 0;
  double seconds = 0.0;               // of training so far
  std::vector<float> losses;          // of every step so far
};

// `key`: of the configuration. Error{cannot_run}: the file cannot be written; the one that was there stays.
void save_checkpoint(const std::filesystem::path& file, std::uint64_t key, torch::nn::Module& network, const AdamW& optimiser,
                     const Position& position);
// nullopt: no such file. Error{bad_input}: of another configuration, or damaged; nothing is changed then.
std::optional<Position> load_checkpoint(const std::filesystem::path& file, std::uint64_t key, torch::nn::Module& network, AdamW& optimiser);

}  // namespace tactus::training
