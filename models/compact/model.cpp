#include "tactus/compact/model.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>

#include "tactus/compact/object_points.h"
#include "tactus/compact/weights.h"
#include "tactus/error.h"
#include "tactus/objects/library.h"

namespace tactus::compact {
namespace {

constexpr std::int64_t kLongestAnswer = 48;   // words

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

Eigen::VectorXf row_of(const at::Tensor& values) {
  const at::Tensor flat = values.to(at::kFloat).contiguous();
  return Eigen::Map<const Eigen::VectorXf>(flat.const_data_ptr<float>(), flat.numel());
}

Eigen::VectorXf probabilities(const Eigen::VectorXf& logits, double temperature) {
  return logits.unaryExpr([=](float x) { return static_cast<float>(sigmoid(static_cast<double>(x) / temperature)); });
}

}  // namespace

double farthest_contact_m(const std::string& body_part) {
  for (const char* near : {"hand", "fingers", "foot", "toes"})
    if (body_part.ends_with(near)) return 0.25;
  return 0.40;
}

struct Model::Impl {
  WeightsInfo info;
  evidence::BodySample sample;
  Vocabulary vocabulary;
  std::vector<float> farthest;                      // [S], metres
  mutable std::mutex mutex;
  mutable std::vector<Network> idle;                // a network keeps tables while it runs, so each thread has its own
  Network first{nullptr};

  Impl(const std::filesystem::path& weights, const body::BodyModel& body_model)
      : info(read_weights_info(weights)), sample(evidence::make_body_sample(body_model, info.sample)), vocabulary(info.words) {
    if (info.options.global_features != evidence::kGlobalFeatureCount || info.options.vertex_features != evidence::kVertexFeatureCount)
      throw bad_input(weights.string() + ": a model of " + std::to_string(info.options.vertex_features) + " numbers a point and " +
                      std::to_string(info.options.global_features) + " a photograph; " + std::to_string(evidence::kVertexFeatureCount) + " and " +
                      std::to_string(evidence::kGlobalFeatureCount) + " are known here, so the file is of another version");
    first = load_weights(weights, info, sample);
    first->eval();
    for (const auto part : sample.parts) farthest.push_back(static_cast<float>(farthest_contact_m(sample.part_names.at(part))));
  }

  // A network for this thread alone, back among the idle ones when it goes.
  class Lease {
   public:
    explicit Lease(const Impl& impl) : impl_(impl) {
      const std::lock_guard lock(impl.mutex);
      if (!impl.idle.empty()) {
        network_ = impl.idle.back();
        impl.idle.pop_back();
      } else {
        network_ = copy_of(impl.first, impl.sample);
        network_->eval();
      }
    }
    ~Lease() {
      const std::lock_guard lock(impl_.mutex);
      impl_.idle.push_back(network_);
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    NetworkImpl& operator*() { return *network_; }

   private:
    const Impl& impl_;
    Network network_{nullptr};
  };

  // One prompt; the tensors of evidence and object borrow their memory.
  Batch batch_of(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                 const ObjectPoints& object) const {
    const auto found = std::find(info.categories.begin(), info.categories.end(), category);
    std::vector<std::int64_t> words = {Vocabulary::question};
    const auto asked = vocabulary.encode(question);
    const std::int64_t most = std::max<std::int64_t>(1, info.options.max_positions - kLongestAnswer - 2);
    words.insert(words.end(), asked.begin(), asked.begin() + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(asked.size()), most));
    words.push_back(Vocabulary::answer);
    const auto length = static_cast<std::int64_t>(words.size());
    const auto borrowed = [](const float* data, at::IntArrayRef sizes) { return at::from_blob(const_cast<float*>(data), sizes, at::kFloat); };
    Batch batch;
    batch.vertex = borrowed(evidence.vertex.data(), {1, evidence.vertex.rows(), evidence.vertex.cols()});
    batch.global = borrowed(evidence.global.data(), {1, info.options.global_features});
    batch.category = at::tensor({found == info.categories.end() ? std::int64_t{0} : static_cast<std::int64_t>(found - info.categories.begin()) + 1});
    batch.words = at::tensor(words).unsqueeze(0);
    batch.question_length = at::tensor({length});
    batch.object = borrowed(object.features.data(), {1, object.features.rows(), object.features.cols()});
    batch.object_part = at::tensor(object.parts, at::kLong).unsqueeze(0);
    return batch;
  }

  // How an answer may name things.
  struct Naming {
    at::Tensor silence;      // [vocabulary] -1e9 for the names of other things, else 0
    std::int64_t own = 0;    // the word for the thing asked about; 0: none
  };
  Naming naming(const std::string& category, const std::string& question) const { return {silenced(category, question), own_name(category)}; }

  // Words of the question, of this thing's name and of its and the body's parts stay.
  at::Tensor silenced(const std::string& category, const std::string& question) const {
    at::Tensor row = at::zeros({vocabulary.size()});
    std::set<std::string> others, own;
    const auto add = [](std::set<std::string>& to, std::string_view text) {
      for (const std::string& word : Vocabulary::split(text)) to.insert(word);
    };
    bool known = false;
    for (const auto& c : objects::categories()) {
      const bool asked = c.name == category;
      known = known || asked;
      add(asked ? own : others, c.name);
      for (const auto& part : c.part_names) add(asked ? own : others, part);
      for (const auto& synonym : c.synonyms) add(others, synonym);   // of this thing, too: its name is the one that was chosen
    }
    if (!known) return row;
    add(others, "object");   // stands for things whose name is not known
    add(own, question);
    for (const auto& part : sample.part_names) add(own, part);
    constexpr std::size_t kShortestName = 3;   // "on", "a" belong to every sentence
    for (const std::string& word : others) {
      if (own.contains(word) || word.size() < kShortestName) continue;
      if (const std::int64_t id = vocabulary.id(word); id >= Vocabulary::special_count) row[id] = -1e9F;
    }
    return row;
  }

  // The word that stands for the thing asked about in a sentence: the last of its category's name, of a "camera on a tripod" the
  // one before "on"; none: 0.
  std::int64_t own_name(const std::string& category) const {
    std::int64_t own = 0;
    for (const std::string& word : Vocabulary::split(category)) {
      if (word == "on") break;
      own = vocabulary.id(word);
    }
    return own >= Vocabulary::special_count ? own : 0;
  }

  // Where the network would name another thing it means this one.
  static at::Tensor with_own_name(const at::Tensor& logits, const Naming& naming) {
    const at::Tensor allowed = logits + naming.silence;
    if (naming.own == 0) return allowed;
    const at::Tensor others = logits.masked_fill(naming.silence == 0, -1e9).amax(-1);
    allowed.select(-1, naming.own).copy_(at::maximum(allowed.select(-1, naming.own), others));
    return allowed;
  }

  // `forced`: the first word, already among those of the batch; none: 0.
  Answer speak(NetworkImpl& network, const Batch& batch, const Naming& naming, std::int64_t forced, double probability,
               const std::function<void(const contact::TokenRecord&)>& on_token, const Progress& progress) const {
    Answer answer;
    std::vector<std::int64_t> ids;
    const auto say = [&](std::int64_t id, double how_sure) {
      const bool is_word = id >= 0 && id < vocabulary.size();
      contact::TokenRecord record;
      record.text = is_word ? vocabulary.words()[static_cast<std::size_t>(id)] : "";
      record.probability = how_sure;
      record.makes_mask = id == Vocabulary::contact;
      ids.push_back(id);
      answer.tokens.push_back(record);
      if (on_token) on_token(record);
    };
    if (forced != 0) say(forced, probability);
    llama::GenerateOptions options;
    options.max_new_tokens = std::min(kLongestAnswer, info.options.max_positions - batch.words.size(1));
    options.eos = Vocabulary::end;
    llama::generate_greedy(network.language(), [&](const at::Tensor& states) { return with_own_name(network.lm_head(states), naming); },
                           network.embeddings(batch), options, progress, [&](const llama::GeneratedToken& token) { say(token.id, token.probability); });
    answer.text = vocabulary.decode(ids);
    return answer;
  }
};

Model::Model(const std::filesystem::path& weights, const body::BodyModel& body_model) : impl_(std::make_unique<Impl>(weights, body_model)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const WeightsInfo& Model::info() const { return impl_->info; }
const evidence::BodySample& Model::sample() const { return impl_->sample; }

Prediction Model::predict(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                          const objects::ObjectMesh& object, bool words, const std::function<void(const contact::TokenRecord&)>& on_token,
                          const Progress& progress) const {
  const Impl& impl = *impl_;
  if (evidence.vertex.rows() != impl.sample.size() || evidence.distance_m.size() != impl.sample.size())
    throw bad_input("compact model: evidence on " + std::to_string(evidence.vertex.rows()) + " points of the body; the model reads " +
                    std::to_string(impl.sample.size()));
  const c10::InferenceMode inference;
  const ObjectPoints points = object_points(object, impl.vocabulary);
  Impl::Lease network(impl);
  const Batch batch = impl.batch_of(evidence, category, question, points);
  const Output said = (*network).forward(batch);
  Prediction prediction;
  prediction.body_logits = row_of(said.body);
  prediction.object_logits = row_of(said.object);
  prediction.presence_logit = static_cast<double>(said.presence.item<float>());
  prediction.body = probabilities(prediction.body_logits, impl.info.contact_temperature);
  prediction.object = probabilities(prediction.object_logits, impl.info.object_temperature);
  prediction.presence = evidence.mask_empty ? 0.0 : sigmoid(prediction.presence_logit / impl.info.presence_temperature + impl.info.presence_bias);
  const bool ruled = !weighs_marks_itself(impl.info, evidence.guessed);
  for (Eigen::Index i = 0; i < prediction.body.size(); ++i)
    if (evidence.mask_empty || (ruled && evidence.distance_m[i] > impl.farthest[static_cast<std::size_t>(i)])) prediction.body[i] = 0.0F;
  prediction.prior = probabilities(row_of((*network).prior(batch.category)), 1.0);
  prediction.known_category = batch.category.item<std::int64_t>() != 0;
  if (words) {
    Answer answer = impl.speak(*network, batch, impl.naming(category, question), 0, 0.0, on_token, progress);
    prediction.answer = std::move(answer.text);
    prediction.tokens = std::move(answer.tokens);
  }
  return prediction;
}

Answer Model::answer(const evidence::Evidence& evidence, const std::string& category, const std::string& question,
                     bool touched, const std::function<void(const contact::TokenRecord&)>& on_token,
                     const Progress& progress) const {
  const Impl& impl = *impl_;
  const c10::InferenceMode inference;
  ObjectPoints points;   // the object's surface has no part in the words
  Impl::Lease network(impl);
  Batch batch = impl.batch_of(evidence, category, question, points);
  const at::Tensor chances = (*network).forward(batch).words.select(1, batch.words.size(1) - 1).squeeze(0).softmax(0);
  const auto first = chances.argmax().item<std::int64_t>();
  const Impl::Naming naming = impl.naming(category, question);
  if (first != Vocabulary::contact && first != Vocabulary::none) return impl.speak(*network, batch, naming, 0, 0.0, on_token, progress);
  const std::int64_t forced = touched ? Vocabulary::contact : Vocabulary::none;
  batch.words = at::cat({batch.words, at::tensor({forced}).unsqueeze(0)}, 1);
  return impl.speak(*network, batch, naming, forced, chances[forced].item<double>(), on_token, progress);
}

}  // namespace tactus::compact
