// Sizes of Segment Anything's networks, read off what is stored.
#include <algorithm>
#include <map>
#include <string>

#include "tactus/error.h"
#include "tactus/sam/sam.h"

namespace tactus::sam {
namespace {

std::string text(const std::vector<std::int64_t>& shape) {
  std::string result = "[";
  for (const std::int64_t size : shape) result += (result.size() > 1 ? ", " : "") + std::to_string(size);
  return result + "]";
}

// Looks tensors up under a prefix; what it throws names the tensor, and the file where one is known.
class Shapes {
 public:
  Shapes(const checkpoint::TensorSource& source, std::string prefix, std::string what)
      : source_(source), prefix_(std::move(prefix)), what_(std::move(what)) {}

  const checkpoint::TensorInfo* find(const std::string& name) const { return source_.find(prefix_ + name); }

  const std::vector<std::int64_t>& of(const std::string& name, std::size_t dimensions) const {
    const checkpoint::TensorInfo* info = find(name);
    if (info == nullptr) {
      const std::string file = source_.tensors().empty() ? "" : source_.tensors().front().file + ": ";
      throw bad_input(file + "there is no tensor \"" + prefix_ + name + "\"; " + what_ + " has one");
    }
    const bool positive =
        std::all_of(info->shape.begin(), info->shape.end(), [](std::int64_t size) { return size > 0; });
    if (info->shape.size() != dimensions || !positive) {
      fail(name, "should have " + std::to_string(dimensions) + " dimensions");
    }
    return info->shape;
  }

  [[noreturn]] void fail(const std::string& name, const std::string& expected) const {
    const checkpoint::TensorInfo* info = find(name);
    throw bad_input(info->file + ": \"" + info->name + "\" is " + text(info->shape) + " but " + expected + " in " +
                    what_);
  }

  // How many of "<stem>0<tail>", "<stem>1<tail>" … there are.
  std::int64_t count(const std::string& stem, const std::string& tail) const {
    std::int64_t n = 0;
    while (find(stem + std::to_string(n) + tail) != nullptr) ++n;
    return n;
  }

 private:
  const checkpoint::TensorSource& source_;
  std::string prefix_, what_;
};

ImageEncoderOptions published(std::int64_t embed_dim, std::int64_t depth, std::int64_t heads,
                              std::vector<std::int64_t> global_blocks) {
  ImageEncoderOptions o;
  o.embed_dim = embed_dim;
  o.depth = depth;
  o.heads = heads;
  o.global_blocks = std::move(global_blocks);
  return o;
}

}  // namespace

ImageEncoderOptions vit_b() { return published(768, 12, 12, {2, 5, 8, 11}); }
ImageEncoderOptions vit_l() { return published(1024, 24, 16, {5, 11, 17, 23}); }
ImageEncoderOptions vit_h() { return published(1280, 32, 16, {7, 15, 23, 31}); }

ImageEncoderOptions options_of(const checkpoint::TensorSource& source, const std::string& prefix) {
  const Shapes shapes(source, prefix + "image_encoder.", "the image encoder of Segment Anything");
  ImageEncoderOptions o;
  const auto& grid = shapes.of("pos_embed", 4);
  if (grid[0] != 1 || grid[1] != grid[2]) shapes.fail("pos_embed", "should be [1, grid, grid, width]");
  o.embed_dim = grid[3];
  const auto& patch = shapes.of("patch_embed.proj.weight", 4);
  if (patch[0] != o.embed_dim || patch[1] != 3 || patch[2] != patch[3]) {
    shapes.fail("patch_embed.proj.weight", "should be [" + std::to_string(o.embed_dim) + ", 3, patch, patch]");
  }
  o.patch_size = patch[2];
  o.image_size = grid[1] * patch[2];
  o.out_channels = shapes.of("neck.0.weight", 4)[0];

  o.depth = shapes.count("blocks.", ".attn.rel_pos_h");
  const std::string table = "blocks.0.attn.rel_pos_h";
  const std::int64_t head_width = shapes.of(table, 2)[1];
  if (o.embed_dim % head_width != 0) {
    shapes.fail(table, "its width should divide " + std::to_string(o.embed_dim));
  }
  o.heads = o.embed_dim / head_width;
  const std::int64_t hidden = shapes.of("blocks.0.mlp.lin1.weight", 2)[0];
  if (hidden % o.embed_dim != 0) {
    shapes.fail("blocks.0.mlp.lin1.weight", "its height should be a multiple of " + std::to_string(o.embed_dim));
  }
  o.mlp_ratio = hidden / o.embed_dim;

  // A block is windowed or global by the length of its tables: 2·window - 1 or 2·grid - 1 (another where a network
  // of another size was taken over). One length in all blocks is the windows' unless it is that of the grid.
  std::map<std::int64_t, std::vector<std::int64_t>> blocks;
  for (std::int64_t i = 0; i < o.depth; ++i) {
    const std::string name = "blocks." + std::to_string(i) + ".attn.rel_pos_h";
    const std::int64_t length = shapes.of(name, 2)[0];
    blocks[length].push_back(i);
    if (length % 2 == 0 || blocks.size() > 2) {
      shapes.fail(name, "its length should be 2·window - 1 or, in the global blocks, 2·grid - 1");
    }
  }
  const auto whole = blocks.find(2 * o.grid() - 1);   // windows may be larger than the grid
  const auto global = whole != blocks.end() || blocks.size() == 1 ? whole : std::prev(blocks.end());
  o.global_blocks.clear();
  if (global != blocks.end()) {
    o.global_blocks = global->second;
    o.global_table = global == whole ? 0 : global->first;
    blocks.erase(global);
  }
  o.window_size = blocks.empty() ? 0 : (blocks.begin()->first + 1) / 2;
  return o;
}

PromptEncoderOptions prompt_encoder_options_of(const checkpoint::TensorSource& source, const std::string& prefix,
                                               const ImageEncoderOptions& encoder) {
  const Shapes shapes(source, prefix + "prompt_encoder.", "the prompt encoder of Segment Anything");
  PromptEncoderOptions o;
  o.channels = shapes.of("no_mask_embed.weight", 2)[1];
  o.mask_channels = shapes.of("mask_downscaling.3.weight", 4)[0];
  o.grid = encoder.grid();
  o.image_size = encoder.image_size;
  if (o.channels % 2 != 0) shapes.fail("no_mask_embed.weight", "should have an even width");
  if (o.mask_channels % 4 != 0) {
    shapes.fail("mask_downscaling.3.weight", "its first size should be a multiple of 4");
  }
  return o;
}

MaskDecoderOptions mask_decoder_options_of(const checkpoint::TensorSource& source, const std::string& prefix) {
  const Shapes shapes(source, prefix + "mask_decoder.", "the mask decoder of Segment Anything");
  MaskDecoderOptions o;
  const auto& tokens = shapes.of("mask_tokens.weight", 2);
  o.mask_tokens = tokens[0];
  o.channels = tokens[1];
  if (o.channels % (2 * o.heads) != 0) {
    shapes.fail("mask_tokens.weight",
                "its width should be a multiple of twice the " + std::to_string(o.heads) + " heads");
  }
  o.layers = shapes.count("transformer.layers.", ".norm1.weight");
  o.mlp_size = shapes.of("transformer.layers.0.mlp.lin1.weight", 2)[0];
  o.iou_hidden = shapes.of("iou_prediction_head.layers.0.weight", 2)[0];
  return o;
}

}  // namespace tactus::sam
