// SAM's embeddings of pictures, kept: in memory for the last few, on disk for those that come again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <utility>
#include <vector>

#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/sam/sam.h"

namespace tactus::interactvlm {

class ViewEmbeddings {
 public:
  ViewEmbeddings(sam::ImageEncoder encoder, at::ScalarType dtype, at::Device device, std::filesystem::path cache_folder);

  struct Seen {
    at::Tensor embeddings;                       // [V, C, g, g]
    int resized_width = 0, resized_height = 0;   // of a picture inside the encoder's square
  };
  // Pictures of one size. The key of a kept embedding is made of the encoder's weights, its dtype and the pixels.
  Seen of(const std::vector<const ImageU8*>& pictures, bool on_disk, const Progress& progress);

 private:
  std::uint64_t key_of(const ImageU8& picture);
  at::Tensor from_disk(std::uint64_t key) const;
  void to_disk(std::uint64_t key, const at::Tensor& embedding) const;

  sam::ImageEncoder encoder_;
  at::ScalarType dtype_;
  at::Device device_;
  std::filesystem::path cache_folder_;
  std::uint64_t weights_key_ = 0;                               // 0: not known yet
  std::list<std::pair<std::uint64_t, at::Tensor>> recent_;      // the last used first
};

}  // namespace tactus::interactvlm
