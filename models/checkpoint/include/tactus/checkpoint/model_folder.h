// What a folder of weights is, what it lacks and how much memory it takes. No libtorch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tactus::checkpoint {

enum class FolderKind { interactvlm, lisa, llava, clip, sam, unknown };

struct FolderDescription {
  FolderKind kind = FolderKind::unknown;
  std::string name;                    // "InteractVLM", "LISA", …
  std::vector<std::string> missing;    // sentences: a file, a part of the network, the vision tower
  std::uint64_t bytes = 0;             // of all stored tensors
  std::uint64_t parameters = 0;
  std::string stored_precision;        // "fp32", "fp16", "bf16", "int8", "int4"; empty when the weights cannot be read
  // Memory while it runs: the weights, a vision tower beside them where one is needed, the cache of 1024 positions
  // and SAM's largest intermediate result. An estimate, within about a tenth.
  struct Need {
    std::string precision;
    std::uint64_t bytes = 0;
  };
  std::vector<Need> needs;             // most precise first
};

// A folder, or a single file of weights. Whatever is wrong with it is said in `missing`; Error{bad_input} only when
// there is nothing at `path`.
FolderDescription describe_folder(const std::filesystem::path& path);

}  // namespace tactus::checkpoint
