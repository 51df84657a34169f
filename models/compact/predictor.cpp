#include "tactus/compact/predictor.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "tactus/compact/model.h"
#include "tactus/compact/trust.h"
#include "tactus/compact/vocabulary.h"
#include "tactus/contact/decision.h"
#include "tactus/error.h"
#include "tactus/evidence/observation.h"

namespace tactus::compact {
namespace {

constexpr float kNever = -20.0F;
constexpr const char* kUnplaced = "canonical pose";      // PhotoBody::source of a body that nothing placed

float moved_logit(double p, double threshold) {
  const double q = std::clamp(p, 1e-9, 1.0 - 1e-9);
  return static_cast<float>(std::clamp(std::log(q / (1.0 - q)) - std::log(threshold / (1.0 - threshold)), -20.0, 20.0));
}

// Probabilities moved so that `threshold` comes to lie at 0.5; 0 stays 0.
Eigen::VectorXf moved(const Eigen::VectorXf& p, double threshold) {
  return p.unaryExpr([=](float x) { return x <= 0.0F ? 0.0F : 1.0F / (1.0F + std::exp(-moved_logit(static_cast<double>(x), threshold))); });
}

// Values of the surface painted into its views: barycentric, as logits.
std::vector<ImageF> painted(const std::vector<views::RenderedView>& rendered, const Eigen::VectorXf& values) {
  std::vector<ImageF> masks;
  for (const auto& view : rendered) {
    const auto& ids = view.maps.vertex_ids;
    ImageF mask(ids.width, ids.height, 1, kNever);
    for (std::size_t pixel = 0; pixel < mask.data.size(); ++pixel) {
      double value = 0.0;
      bool inside = true;
      for (std::size_t k = 0; k < 3 && inside; ++k) {
        const int vertex = ids.data[3 * pixel + k];
        inside = vertex >= 0 && vertex < values.size();
        if (inside) value += static_cast<double>(view.maps.barycentrics.data[3 * pixel + k] * values[vertex]);
      }
      if (inside) mask.data[pixel] = moved_logit(value, 0.5);
    }
    masks.push_back(std::move(mask));
  }
  return masks;
}

// The values of the sample on a body of another kind: of the three sample points nearest in the canonical pose.
Eigen::VectorXf on_other_body(const std::vector<int>& points, const body::PhotoBody& body, const Eigen::VectorXf& values) {
  const auto& vertices = body.canonical.vertices;
  Eigen::VectorXf all(vertices.rows());
  for (Eigen::Index v = 0; v < vertices.rows(); ++v) {
    float nearest[3] = {1e30F, 1e30F, 1e30F}, value[3] = {};
    for (std::size_t i = 0; i < points.size(); ++i) {
      float distance = (vertices.row(points[i]) - vertices.row(v)).squaredNorm(), mine = values[static_cast<Eigen::Index>(i)];
      for (int k = 0; k < 3; ++k) {
        if (distance >= nearest[k]) continue;
        std::swap(distance, nearest[k]);
        std::swap(mine, value[k]);
      }
    }
    float sum = 0, weights = 0;
    for (int k = 0; k < 3; ++k) {
      const float weight = 1.0F / (std::sqrt(nearest[k]) + 1e-4F);
      sum += weight * value[k];
      weights += weight;
    }
    all[v] = sum / weights;
  }
  return all;
}

// Those with at least 3 % or 5 of their vertices touched.
std::vector<std::string> touched_parts(const std::vector<std::string>& names, const std::vector<std::uint8_t>& parts, const Eigen::VectorXf& p) {
  std::vector<int> all(names.size(), 0), touched(names.size(), 0);
  if (parts.size() != static_cast<std::size_t>(p.size())) return {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] >= names.size()) continue;
    ++all[parts[i]];
    touched[parts[i]] += p[static_cast<Eigen::Index>(i)] > 0.5F ? 1 : 0;
  }
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (touched[i] > 0 && (touched[i] >= 5 || touched[i] >= 0.03 * all[i])) chosen.push_back(names[i]);
  return chosen;
}

std::string centimetres(double metres) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f cm", 100.0 * metres);
  return text;
}

class Predictor : public contact::ContactPredictor {
 public:
  Predictor(const std::filesystem::path& weights, std::shared_ptr<const body::BodyModel> body_model)
      : body_model_(std::move(body_model)), model_(weights, *body_model_) {}

  std::string name() const override { return "compact"; }
  std::string description() const override {
    return "Compact: our own small model. It looks at the marks: joints and masks of the person and the object.";
  }

  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    progress.check();
    if (Vocabulary::split(query.prompt).empty()) {
      throw bad_input("prompt: it is empty; ask what to find, for example \"Which body parts touch the bottle?\"");
    }
    const std::string thing = query.object.name.empty() ? (query.object.category.empty() ? "object" : query.object.category) : query.object.name;
    if (query.body.source == kUnplaced)
      return usual(query, "The person's joints are not marked", progress);
    if (!query.marks.object_mask || query.marks.object_mask->empty())
      return usual(query, "The " + thing + " is not marked in the photograph", progress);
    const evidence::BodySample& sample = model_.sample();
    const std::vector<int> points = evidence::sample_on(sample, *body_model_, query.body);
    const evidence::Observation seen = evidence::observe(sample, points, query.body, query.marks, query.object);
    const evidence::Evidence evidence = evidence::gather(seen, sample);
    progress.report(0.5);
    progress.check();

    const Thresholds thresholds = compact::thresholds(model_.info(), evidence.guessed);
    double on_body = contact::kLeastContact, on_object = contact::kLeastContact;   // from which probability on there is contact
    const bool leans = !weighs_marks_itself(model_.info(), evidence.guessed);
    contact::ContactPrediction result;
    result.model = name();
    result.from_marks = true;
    const std::string& category = query.object.category;
    Prediction said = model_.predict(evidence, category, query.prompt, query.object);
    bool touched = false;
    if (evidence.mask_empty) {
      said.body.setZero();
      said.object.setZero();
      said.presence = 0.0;
      result.warnings.push_back("The mask of the " + thing + " has no pixel near the person: it is not visible, and no contact is reported.");
    } else {
      // A body that fits the marks badly puts its evidence in the wrong place.
      const double trust = trust_in_fit(seen.fit_error_m);
      if (leans) lean_on_usual(said.body, said.presence, said.prior, trust);
      if (trust < 1.0) {
        result.warnings.push_back("The body misses its marks by " + centimetres(seen.fit_error_m) + " on average" +
                                  (leans ? ": what people usually touch has a part in the answer; correct the joints." : "; correct the joints."));
      }
      on_body = contact::contact_threshold(said.body, thresholds.body);
      on_object = contact::contact_threshold(said.object, thresholds.object);
      touched = said.presence >= thresholds.gate && said.body.size() > 0 && static_cast<double>(said.body.maxCoeff()) >= on_body;
      if (!touched) {
        lower(said.body, on_body);
        lower(said.object, on_object);
      }
    }
    if (!said.known_category) {
      result.warnings.push_back((category.empty() ? "The kind of the object is not known to this model" : "The category \"" + category + "\" was not in this model's training") +
                                ": the answer rests on the marks alone and is less certain.");
    }

    const Eigen::VectorXf body = moved(said.body, on_body);
    const bool own = query.body.mesh.vertex_count() == body_model_->vertex_count();
    result.body_probability = own ? evidence::to_all_vertices(sample, body) : on_other_body(points, query.body, body);
    result.object_probability = moved(said.object, on_object);
    result.presence = said.presence;
    result.body_logits = painted(query.body_views, *result.body_probability);
    result.object_logits = painted(query.object_views, *result.object_probability);
    result.body_parts = touched_parts(query.body.part_names, query.body.vertex_parts, *result.body_probability);
    result.object_parts = touched_parts(query.object.part_names, query.object.vertex_parts, *result.object_probability);
    progress.report(0.8);
    Answer answer = model_.answer(evidence, category, query.prompt, touched, query.on_token, progress);
    result.answer = std::move(answer.text);
    result.tokens = std::move(answer.tokens);
    progress.report(1.0);
    return result;
  }

 private:
  // Nothing to read in the photograph: the table of usual contact answers under its own name.
  contact::ContactPrediction usual(const contact::ContactQuery& query, const std::string& why, const Progress& progress) const {
    auto result = prior_->predict(query, progress);
    result.warnings.insert(result.warnings.begin(), why + ", so the prior answered: what people usually touch.");
    return result;
  }

  // Everything below the threshold, in the order that it had.
  static void lower(Eigen::VectorXf& p, double threshold) {
    if (p.size() == 0) return;
    const float most = p.maxCoeff(), wanted = 0.9F * static_cast<float>(threshold);
    if (most > wanted) p *= wanted / most;
  }

  std::shared_ptr<const body::BodyModel> body_model_;
  Model model_;
  std::unique_ptr<contact::ContactPredictor> prior_ = contact::make_prior_predictor();
};

}  // namespace

std::unique_ptr<contact::ContactPredictor> make_predictor(const std::filesystem::path& weights,
                                                          std::shared_ptr<const body::BodyModel> body_model) {
  return std::make_unique<Predictor>(weights, std::move(body_model));
}

}  // namespace tactus::compact
