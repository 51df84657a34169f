#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstring>

#include "tactus/checkpoint/load_module.h"
#include "tactus/error.h"
#include "tactus/preprocess/picture_tensor.h"
#include "tactus/sam/sam.h"

namespace tactus::sam {
namespace {

// What stands before "image_encoder." in the names of a file.
std::string prefix_of(const checkpoint::TensorSource& source, const std::string& file) {
  const std::string tail = "image_encoder.pos_embed";
  for (const checkpoint::TensorInfo& info : source.tensors()) {
    if (info.name.ends_with(tail)) {
      const std::string prefix = info.name.substr(0, info.name.size() - tail.size());
      if (prefix.empty() || prefix.back() == '.') return prefix;
    }
  }
  throw bad_input(file + " holds no Segment Anything network: no tensor is called \"" + tail +
                  "\"; a file such as sam_vit_b_01ec64.pth is needed");
}

class LoadedSegmenter : public Segmenter {
 public:
  LoadedSegmenter(const std::filesystem::path& file, at::ScalarType dtype, at::Device device,
                  const Progress& progress)
      : dtype_(dtype), device_(device) {
    const auto source = checkpoint::open_tensors(file);
    const std::string prefix = prefix_of(*source, file.string());
    const ImageEncoderOptions sizes = options_of(*source, prefix);
    encoder_ = ImageEncoder(sizes);
    prompts_ = PromptEncoder(prompt_encoder_options_of(*source, prefix, sizes));
    decoder_ = MaskDecoder(mask_decoder_options_of(*source, prefix));
    if (decoder_->options.mask_tokens < 2 || decoder_->options.channels != sizes.out_channels ||
        prompts_->options.channels != sizes.out_channels) {
      throw bad_input(file.string() + ": the image encoder, the prompt encoder and the mask decoder are of different " +
                      "widths or have one mask alone; one Segment Anything network is needed");
    }
    const auto load = [&](torch::nn::Module& module, const std::string& name, const Progress& part) {
      checkpoint::LoadOptions load_options;
      load_options.prefix = prefix + name;
      load_options.dtype = dtype;
      load_options.device = device;
      checkpoint::load_module(module, *source, load_options, part);
      module.eval();
    };
    load(*encoder_, "image_encoder.", progress.part(0.0, 0.9));
    load(*prompts_, "prompt_encoder.", progress.part(0.9, 0.95));
    load(*decoder_, "mask_decoder.", progress.part(0.95, 1.0));
    const c10::InferenceMode inference;
    positions_ = prompts_->dense_positions();
  }

  void set_photo(const ImageU8& rgb, const Progress& progress) override {
    const c10::InferenceMode inference;
    const preprocess::SamPixels pixels =
        preprocess::sam_pixels(rgb, static_cast<int>(encoder_->options.image_size));
    // The photograph before stays in place when this one is stopped half-way.
    const at::Tensor embedding = encoder_(pixels.pixels.to(device_, dtype_), progress);
    embedding_ = embedding;
    width_ = rgb.width;
    height_ = rgb.height;
    resized_width_ = pixels.resized_width;
    resized_height_ = pixels.resized_height;
    rounds_.clear();
  }

  Answer segment(const std::vector<PointPrompt>& points, const std::optional<BoxPrompt>& box) override {
    if (!embedding_.defined()) throw bad_input("there is no photograph to segment; open one first");
    if (points.empty() && !box) throw bad_input("nothing was marked; click on the photograph or draw a box");
    const c10::InferenceMode inference;
    const std::vector<Round> wanted = rounds_of(points, box);
    std::size_t known = 0;
    while (known < std::min(wanted.size(), rounds_.size()) && wanted[known].same_marks(rounds_[known])) ++known;
    rounds_.resize(known);
    for (std::size_t i = known; i < wanted.size(); ++i) {
      rounds_.push_back(wanted[i]);
      answer(rounds_.back(), i == 0 ? nullptr : &rounds_[i - 1]);
    }
    const Round& last = rounds_.back();
    const at::Tensor logits = upscale_masks(last.logits, static_cast<int>(encoder_->options.image_size),
                                            resized_width_, resized_height_, width_, height_)
                                  .to(at::kCPU)
                                  .contiguous();
    Answer result;
    result.logits = ImageF(width_, height_);
    std::memcpy(result.logits.data.data(), logits.const_data_ptr<float>(), result.logits.data.size() * sizeof(float));
    result.iou = last.iou;
    return result;
  }

 private:
  // Some marks in pixels of the photograph, and what the network answered to them.
  struct Round {
    std::vector<PointPrompt> points;
    std::optional<BoxPrompt> box;
    at::Tensor logits;   // [1, 1, 4·grid, 4·grid]
    double iou = 0.0;

    bool same_marks(const Round& other) const {
      const auto same_point = [](const PointPrompt& a, const PointPrompt& b) {
        return a.x == b.x && a.y == b.y && a.inside == b.inside;
      };
      const auto same_box = [](const BoxPrompt& a, const BoxPrompt& b) {
        return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1;
      };
      return box.has_value() == other.box.has_value() && (!box || same_box(*box, *other.box)) &&
             std::equal(points.begin(), points.end(), other.points.begin(), other.points.end(), same_point);
    }
  };

  // The box or the first point, then one more point a round.
  static std::vector<Round> rounds_of(const std::vector<PointPrompt>& points, const std::optional<BoxPrompt>& box) {
    std::vector<Round> rounds;
    for (std::size_t n = box ? 0 : 1; n <= points.size(); ++n) {
      Round round;
      round.points.assign(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(n));
      round.box = box;
      rounds.push_back(std::move(round));
    }
    return rounds;
  }

  void answer(Round& round, const Round* before) {
    const double sx = static_cast<double>(resized_width_) / width_;
    const double sy = static_cast<double>(resized_height_) / height_;
    std::vector<PointPrompt> points = round.points;
    for (PointPrompt& p : points) p = {p.x * sx, p.y * sy, p.inside};
    std::optional<BoxPrompt> box;
    if (round.box) {
      box = BoxPrompt{std::min(round.box->x0, round.box->x1) * sx, std::min(round.box->y0, round.box->y1) * sy,
                      std::max(round.box->x0, round.box->x1) * sx, std::max(round.box->y0, round.box->y1) * sy};
    }
    const Prompts prompts =
        prompts_->encode_marks(points, box, before ? std::optional(before->logits) : std::nullopt);
    const MaskDecoderImpl::Masks masks = decoder_(embedding_, positions_, prompts);
    // A single click may mean a thing, its part or what it is part of; three masks are there for that.
    std::int64_t best = 0;
    if (before == nullptr && points.size() == 1 && !box) {
      best = 1 + masks.iou[0].narrow(0, 1, decoder_->options.mask_tokens - 1).argmax().item<std::int64_t>();
    }
    round.logits = masks.logits.narrow(1, best, 1);
    round.iou = masks.iou[0][best].to(at::kFloat).item<double>();
  }

  at::ScalarType dtype_;
  at::Device device_;
  ImageEncoder encoder_{nullptr};
  PromptEncoder prompts_{nullptr};
  MaskDecoder decoder_{nullptr};
  at::Tensor positions_, embedding_;
  int width_ = 0, height_ = 0, resized_width_ = 0, resized_height_ = 0;
  std::vector<Round> rounds_;   // the last call's, so that another click costs one round
};

}  // namespace

std::shared_ptr<Segmenter> Segmenter::open(const std::filesystem::path& file, at::ScalarType dtype,
                                           at::Device device, const Progress& progress) {
  return std::make_shared<LoadedSegmenter>(file, dtype, device, progress);
}

}  // namespace tactus::sam
