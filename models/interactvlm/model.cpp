#include "tactus/interactvlm/model.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <torch/types.h>

#include <algorithm>
#include <mutex>

#include "loading.h"
#include "tactus/error.h"
#include "tactus/hash.h"
#include "tactus/interactvlm/view_tables.h"
#include "tactus/parallel.h"
#include "tactus/preprocess/picture_tensor.h"
#include "view_embeddings.h"

namespace tactus::interactvlm {
namespace {

Array to_array(const at::Tensor& tensor) {
  Array array;
  for (const auto d : tensor.sizes()) array.shape.push_back(static_cast<std::size_t>(d));
  if (at::isIntegralType(tensor.scalar_type(), true)) {
    const at::Tensor values = tensor.to(at::kCPU, at::kLong).contiguous();
    array.integers.assign(values.data_ptr<std::int64_t>(), values.data_ptr<std::int64_t>() + values.numel());
  } else {
    const at::Tensor values = tensor.to(at::kCPU, at::kFloat).contiguous();
    array.values.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
  }
  return array;
}

at::Tensor ids_tensor(const std::vector<std::int64_t>& ids) {
  return torch::tensor(ids, at::kLong).unsqueeze(0);
}

std::vector<ImageF> to_images(const at::Tensor& masks) {   // float32 [V, H, W]
  std::vector<ImageF> images;
  const at::Tensor values = masks.to(at::kCPU).contiguous();
  for (std::int64_t v = 0; v < values.size(0); ++v) {
    ImageF image(static_cast<int>(values.size(2)), static_cast<int>(values.size(1)));
    const float* from = values[v].data_ptr<float>();
    std::copy(from, from + image.data.size(), image.data.begin());
    images.push_back(std::move(image));
  }
  return images;
}

// §2.10: the placeholder and newlines removed, double blanks collapsed.
std::string printed(std::string text) {
  std::erase(text, '\n');
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == ' ' && i + 1 < text.size() && text[i + 1] == ' ') ++i;
  }
  return result;
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \n");
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \n") + 1 - begin);
}

class LoadedModel : public Model {
 public:
  LoadedModel(Loaded loaded, std::filesystem::path cache_folder)
      : loaded_(std::move(loaded)),
        view_embeddings_(loaded_.network->model->visual_model->image_encoder, loaded_.dtype, loaded_.device,
                         std::move(cache_folder)) {}

  const ModelConfig& config() const override { return loaded_.config; }
  std::string precision() const override { return loaded_.precision; }
  std::string device() const override { return loaded_.device.is_cuda() ? "cuda" : "cpu"; }
  std::int64_t weight_bytes() const override { return loaded_.weight_bytes; }
  const std::vector<std::string>& warnings() const override { return loaded_.warnings; }

  Answer ask(const Query& query, const Progress& progress,
             const std::function<void(const contact::TokenRecord&)>& on_token) override;

 private:
  struct Text {
    std::vector<std::int64_t> prompt_ids;
    at::Tensor prompt;                     // [1, T, hidden], the picture spliced in
    llama::Generation generation;
    std::vector<std::size_t> mask_tokens;  // indices into generation.tokens
  };

  void check(const Query& query) const;
  at::Tensor picture_rows(const ImageU8& photo, Answer* answer);
  Text read_and_write(const Query& query, const Progress& progress,
                      const std::function<void(const contact::TokenRecord&)>& on_token, Answer& answer);
  at::Tensor embed_contact(const Query& query, const Text& text, Answer& answer);
  sam::MaskDecoder& decoder_for(Task task);
  at::Tensor all_hidden(const Text& text);
  void say_what_came(const Query& query, Answer& answer) const;
  void keep(Answer& answer, const Query& query, const char* name, const at::Tensor& tensor) const {
    if (query.keep_stages) answer.stages[name] = to_array(tensor);
  }
  contact::TokenRecord record(const llama::GeneratedToken& token) const {
    return {loaded_.tokenizer->piece(token.id), token.probability, loaded_.config.makes_mask(token.id)};
  }

  Loaded loaded_;
  ViewEmbeddings view_embeddings_;
  std::mutex one_question_;
  // The last photograph's CLIP features: a second prompt reuses them.
  std::uint64_t features_key_ = 0;
  at::Tensor pixels_, features_;
};

void LoadedModel::check(const Query& query) const {
  const auto& config = loaded_.config;
  const bool three_d = is_human(query.task) || is_object(query.task);
  if (three_d && static_cast<std::int64_t>(query.pictures.size()) != config.views) {
    if (config.views == 1) {
      throw bad_input("this model sees one picture at a time (multiview_channels 1): it marks the photograph, not the views of a " +
                      std::string(is_human(query.task) ? "body" : "n object") + "; use the task " +
                      (config.lisa ? "segment" : "h2dcontact"));
    }
    throw bad_input("this model was trained on " + std::to_string(config.views) + " views and " +
                    std::to_string(query.pictures.size()) + " were given");
  }
  if (!three_d && query.pictures.size() != 1) throw bad_input("this task takes one picture: the photograph");
  for (const ImageU8* picture : query.pictures) {
    if (!picture->same_size(query.pictures.front()->width, query.pictures.front()->height)) {
      throw bad_input("the views must be pictures of one size");
    }
  }
}

at::Tensor LoadedModel::picture_rows(const ImageU8& photo, Answer* answer) {
  Hasher hasher;
  hasher.value(photo.width);
  hasher.bytes(photo.data.data(), photo.data.size());
  if (!features_.defined() || hasher.key() != features_key_) {
    const auto& clip = loaded_.vision_tower->options;
    pixels_ = preprocess::clip_pixels(photo, static_cast<int>(clip.image_size), clip.mean, clip.std).to(loaded_.device, loaded_.dtype);
    features_ = loaded_.vision_tower->forward(pixels_, loaded_.config.vision_select_layer);
    features_key_ = hasher.key();
  }
  if (answer != nullptr) {
    answer->stages["clip_pixels"] = to_array(pixels_);
    answer->stages["clip_features"] = to_array(features_);
  }
  return loaded_.network->model->mm_projector(features_);
}

LoadedModel::Text LoadedModel::read_and_write(const Query& query, const Progress& progress,
                                              const std::function<void(const contact::TokenRecord&)>& on_token,
                                              Answer& answer) {
  Text text;
  auto& network = *loaded_.network;
  text.prompt_ids = loaded_.tokenizer->encode_with_image(query.prompt);
  const auto placeholder = std::find(text.prompt_ids.begin(), text.prompt_ids.end(), tokenizer::kImageToken);
  if (placeholder == text.prompt_ids.end()) throw bad_input("the prompt has no place for the picture (<image>)");
  const auto room = loaded_.config.max_positions - static_cast<std::int64_t>(text.prompt_ids.size()) -
                    loaded_.config.image_embedding_length;
  if (room < 1) {
    throw bad_input("the prompt is too long: with the picture it takes " +
                    std::to_string(text.prompt_ids.size() + loaded_.config.image_embedding_length) + " of the model's " +
                    std::to_string(loaded_.config.max_positions) + " positions; ask a shorter question");
  }
  keep(answer, query, "input_ids", ids_tensor(text.prompt_ids));

  const auto embed = [&](auto begin, auto end) {
    return network.model->embed(ids_tensor({begin, end}).to(loaded_.device));
  };
  const at::Tensor rows = picture_rows(query.photo, query.keep_stages ? &answer : nullptr);
  progress.report(0.1);
  text.prompt = at::cat({embed(text.prompt_ids.begin(), placeholder), rows.to(loaded_.dtype),
                         embed(placeholder + 1, text.prompt_ids.end())}, 1);

  llama::GenerateOptions options;
  options.max_new_tokens = std::min<std::int64_t>(query.max_new_tokens, room);
  options.eos = loaded_.config.eos;
  text.generation = llama::generate_greedy(
      *network.model, [&](const at::Tensor& hidden) { return network.lm_head(hidden); }, text.prompt, options,
      progress.part(0.1, 1.0), [&](const llama::GeneratedToken& token) {
        if (on_token) on_token(record(token));
      });

  std::vector<std::int64_t> ids, whole = text.prompt_ids;
  for (std::size_t i = 0; i < text.generation.tokens.size(); ++i) {
    const auto& token = text.generation.tokens[i];
    answer.tokens.push_back(record(token));
    if (loaded_.config.makes_mask(token.id)) text.mask_tokens.push_back(i);
    ids.push_back(token.id);
  }
  keep(answer, query, "generated_ids", ids_tensor(ids));
  whole.insert(whole.end(), ids.begin(), ids.end());
  answer.whole_text = printed(loaded_.tokenizer->decode(whole));
  if (!ids.empty() && ids.back() == loaded_.config.eos) ids.pop_back();
  answer.text = trimmed(printed(loaded_.tokenizer->decode(ids)));
  answer.contact_tokens = static_cast<int>(text.mask_tokens.size());
  answer.reached_limit = text.generation.reached_limit;
  return text;
}

// §2.7, §2.8: the states whose logits chose the contact tokens → [n, V, out_dim].
at::Tensor LoadedModel::embed_contact(const Query& query, const Text& text, Answer& answer) {
  auto& network = *loaded_.network;
  const auto& config = loaded_.config;
  std::vector<at::Tensor> states;
  for (const auto index : text.mask_tokens) states.push_back(text.generation.tokens[index].hidden.reshape({-1}));
  const at::Tensor hidden = at::stack(states);
  const at::Tensor embedding = network.model->text_projection(hidden);
  keep(answer, query, "contact_hidden", hidden);
  keep(answer, query, "contact_embedding", embedding);

  at::Tensor views = embedding.unsqueeze(1);
  if (config.views > 1) views = views.repeat({1, config.views, 1});
  if (network.cam_pose_encoder) {
    // The photograph itself has no canonical camera: zeros (§11, B14).
    const at::Tensor cameras =
        is_human(query.task)    ? camera_vectors(config.human_view_type, config.views)
        : is_object(query.task) ? camera_vectors(config.object_view_type, config.views)
                                : at::zeros({config.views, 5});
    views = network.cam_pose_encoder->condition(views, cameras.to(loaded_.device, loaded_.dtype));
  }
  if (!network.attention_splitter.is_empty()) {
    const auto first = text.generation.tokens[text.mask_tokens.front()].id;
    if (first == config.human_seg_token) {
      views = network.attention_splitter->forward(views).first;
    } else if (first == config.object_seg_token) {
      views = network.attention_splitter->forward(views).second;
    }
  }
  keep(answer, query, "view_embeddings", views);
  return views;
}

// §1.11: by the kind of contact that is asked for.
sam::MaskDecoder& LoadedModel::decoder_for(Task task) {
  auto& visual = *loaded_.network->model->visual_model;
  if (!visual.human_mask_decoder.is_empty() && is_human(task)) return visual.human_mask_decoder;
  if (!visual.object_mask_decoder.is_empty() && is_object(task)) return visual.object_mask_decoder;
  return visual.mask_decoder;
}

// The final states of prompt and answer, the last generated token left out (§2.6).
at::Tensor LoadedModel::all_hidden(const Text& text) {
  std::vector<std::int64_t> ids;
  for (const auto& token : text.generation.tokens) ids.push_back(token.id);
  ids.pop_back();
  at::Tensor sequence = text.prompt;
  if (!ids.empty()) {
    sequence = at::cat({sequence, loaded_.network->model->embed(ids_tensor(ids).to(loaded_.device))}, 1);
  }
  return loaded_.network->model->forward(sequence, nullptr);
}

void LoadedModel::say_what_came(const Query& query, Answer& answer) const {
  if (answer.reached_limit) {
    answer.warnings.push_back("the answer was cut off after " + std::to_string(answer.tokens.size()) + " tokens");
  }
  if (answer.contact_tokens == 0) {
    answer.warnings.push_back("the model answered without a contact token: it marks no contact");
  } else if (answer.contact_tokens > 1 && (is_human(query.task) || is_object(query.task))) {
    answer.warnings.push_back("the model gave " + std::to_string(answer.contact_tokens) +
                              " contact tokens; the mask is the first one's");
  }
}

Answer LoadedModel::ask(const Query& query, const Progress& progress,
                        const std::function<void(const contact::TokenRecord&)>& on_token) {
  const std::scoped_lock lock(one_question_);
  check(query);
  const c10::InferenceMode inference;
  at::set_num_threads(thread_count());
  Answer answer;
  const Text text = read_and_write(query, progress.part(0.0, 0.5), on_token, answer);
  say_what_came(query, answer);
  if (text.mask_tokens.empty()) return answer;

  at::Tensor views = embed_contact(query, text, answer);
  auto& visual = *loaded_.network->model->visual_model;
  const bool single = query.pictures.size() == 1;
  // Several tokens for several views: the published decoder cannot (§11, B7); the first one speaks.
  if (!single) views = views.slice(0, 0, 1);

  const auto seen = view_embeddings_.of(query.pictures, query.keep_embeddings_on_disk, progress.part(0.5, 0.95));
  at::Tensor embeddings = seen.embeddings;
  keep(answer, query, "sam_embeddings", embeddings);
  if (!visual.fusion.is_empty()) embeddings = visual.fusion->forward(embeddings, all_hidden(text));

  const auto positions = visual.prompt_encoder->dense_positions();
  const auto prompts = visual.prompt_encoder->encode_text(views.to(embeddings.scalar_type()));
  const at::Tensor logits = decoder_for(query.task)->forward(embeddings, positions, prompts).logits.slice(1, 0, 1);
  keep(answer, query, "low_res_masks", logits);
  if (!logits.isfinite().all().item<bool>()) {
    throw bad_input("the mask decoder computes values that are not finite: its weights are damaged; fetch the model again");
  }
  progress.check();
  const ImageU8& picture = *query.pictures.front();
  const at::Tensor masks = sam::upscale_masks(logits, static_cast<int>(visual.image_encoder->options.image_size), seen.resized_width,
                                              seen.resized_height, picture.width, picture.height);
  keep(answer, query, "masks", masks);
  answer.masks = to_images(masks);
  progress.report(1.0);
  return answer;
}

}  // namespace

std::vector<views::ViewCamera> Model::object_cameras() const {
  auto cameras = view_cameras(config().object_view_type);
  for (auto& camera : cameras) camera.distance = views::object_mesh_views().front().distance;
  return cameras;
}

std::shared_ptr<Model> Model::open(const OpenOptions& options, const Progress& progress) {
  at::set_num_threads(thread_count());
  return std::make_shared<LoadedModel>(load_folder(options, progress), options.cache_folder);
}

}  // namespace tactus::interactvlm
