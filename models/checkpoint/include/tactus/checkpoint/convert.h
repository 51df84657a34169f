// A model folder written again: as safetensors, or with the decoder's matrices quantised. No libtorch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tactus/progress.h"

namespace tactus::checkpoint {

enum class ConvertTo { safetensors, int8, int4 };

struct ConvertOptions {
  ConvertTo to = ConvertTo::safetensors;
  std::uint64_t shard_bytes = 5'000'000'000;   // of one file, unless a single tensor is larger
  int group = 64;                              // columns that share a scale in int4
};

struct ConvertReport {
  std::size_t tensors = 0, int8 = 0, int4 = 0;   // stored ones; those that became int8 and int4
  std::uint64_t bytes_before = 0, bytes_after = 0;
  std::string precision;                         // what config.json now says under "tactus_precision"
  std::vector<std::string> files;                // all that was written, shards first
};

// Writes model-0000i-of-0000n.safetensors, model.safetensors.index.json and copies of everything else that lies in
// `from` (the tokenizer, added_tokens.json, a vision tower in a folder inside, …) into the folder `into`, which is
// there and empty. config.json gains "tactus_precision". Quantised are the decoder's matrices and lm_head; int8
// stands in for int4 where `group` does not divide the columns. Everything else keeps its bits.
// Tensor by tensor: memory stays near the largest one's size. `from` may be a single file of weights.
// Error{bad_input}: what open_tensors refuses; nothing to quantise, or quantised already. Error{cannot_run}: the disk
// is full. The caller discards `into` on an error.
ConvertReport convert(const std::filesystem::path& from, const std::filesystem::path& into, const ConvertOptions& options,
                      const Progress& progress = {});

}  // namespace tactus::checkpoint
