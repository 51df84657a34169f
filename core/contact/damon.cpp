// Tables over DAMON: METHOD.md §7.6 and §7.7.
#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "tactus/contact/metrics.h"
#include "tactus/error.h"

namespace tactus::contact {
namespace {

struct CategoryList {
  const char* name;
  std::vector<std::string_view> objects;
};

const std::array<CategoryList, 7>& lists() {
  static const std::array<CategoryList, 7> all = {{
      {"transport", {"motorcycle", "bicycle", "boat", "car", "truck", "bus", "train", "airplane"}},
      {"accessory", {"backpack", "tie", "handbag", "baseball_glove"}},
      {"furniture", {"bench", "chair", "couch", "bed", "toilet", "dining_table"}},
      {"everyday-objects",
       {"book", "umbrella", "cell_phone", "laptop", "kite", "suitcase", "bottle", "remote", "toothbrush", "teddy_bear", "scissors", "keyboard",
        "hair drier", "traffic light", "fire_hydrant", "stop sign", "tv", "vase", "parking meter", "clock", "potted plant", "mouse"}},
      {"sports", {"frisbee", "sports_ball", "tennis_racket", "baseball_bat", "skateboard", "snowboard", "skis", "surfboard"}},
      {"food", {"banana", "cake", "apple", "carrot", "pizza", "donut", "hot_dog", "sandwich", "broccoli", "orange"}},
      {"kitchen", {"knife", "spoon", "cup", "wine_glass", "oven", "fork", "bowl", "refrigerator", "toaster", "sink", "microwave"}},
  }};
  return all;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string without_blanks(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

std::string key_of(std::string_view object, Mode mode) { return mode == Mode::official ? lower(object) : without_blanks(lower(object)); }

// Sums over one or more samples.
struct Sums {
  int samples = 0;
  double f1 = 0, hits = 0, said = 0, there = 0;

  void add(const DamonSample& sample, Mode mode) {
    ++samples;
    f1 += contact_score_at(sample.predicted, sample.truth, 0.5).f1;
    for (Eigen::Index i = 0; i < sample.truth.size(); ++i) {
      const float p = mode == Mode::official ? sample.predicted[i] : (sample.predicted[i] >= 0.5F ? 1.0F : 0.0F);
      hits += p != 0.0F && sample.truth[i] > 0.0F ? 1 : 0;
      said += static_cast<double>(p);
      there += sample.truth[i] > 0.0F ? 1 : 0;
    }
  }
  DamonRow row(std::string name) const {
    return {std::move(name), samples, samples == 0 ? 0.0 : f1 / samples, hits / (said + 1e-10), hits / (there + 1e-10)};
  }
};

}  // namespace

std::optional<std::string_view> damon_category(std::string_view object, Mode mode) {
  const std::string key = key_of(object, mode);
  for (const auto& list : lists())
    for (const auto name : list.objects)
      if (key == (mode == Mode::official ? std::string(name) : without_blanks(std::string(name)))) return list.name;
  return std::nullopt;
}

DamonSemantic damon_semantic(const std::vector<DamonSample>& samples, Mode mode) {
  std::map<std::string, Sums> objects;
  std::map<std::string_view, Sums> categories;
  Sums all;
  for (const auto& sample : samples) {
    objects[key_of(sample.object, mode)].add(sample, mode);
    if (const auto category = damon_category(sample.object, mode)) categories[*category].add(sample, mode);
    all.add(sample, mode);
  }
  DamonSemantic table;
  for (const auto& [name, sums] : objects) table.objects.push_back(sums.row(name));
  for (const auto& list : lists())
    if (const auto found = categories.find(list.name); found != categories.end()) table.categories.push_back(found->second.row(list.name));
  table.all = all.row("all");
  return table;
}

DamonBinary damon_binary(const std::vector<DamonSample>& samples, Mode mode, const MeshGraph* graph) {
  struct Image {
    Eigen::VectorXf predicted, truth;
    GeodesicError worst;
  };
  std::map<std::string, Image> images;
  for (const auto& sample : samples) {
    auto& image = images[sample.image];
    const Eigen::VectorXf predicted = (sample.predicted.array() >= 0.5F).cast<float>();
    const Eigen::VectorXf truth = (sample.truth.array() > 0.0F).cast<float>();
    if (image.truth.size() == 0) {
      image.predicted = predicted;
      image.truth = truth;
    } else {
      if (predicted.size() != image.predicted.size() || truth.size() != image.truth.size())
        throw bad_input("image " + sample.image + ": the contact of its objects differs in length");
      image.predicted = image.predicted.cwiseMax(predicted);
      image.truth = image.truth.cwiseMax(truth);
    }
    if (graph != nullptr) {
      const auto error = geodesic_error(*graph, sample.predicted, sample.truth, mode);
      image.worst.false_positive_m = std::max(image.worst.false_positive_m, error.false_positive_m);
      image.worst.false_negative_m = std::max(image.worst.false_negative_m, error.false_negative_m);
    }
  }
  DamonBinary result;
  result.images = static_cast<int>(images.size());
  double hits = 0, said = 0, there = 0;
  GeodesicError mean;
  for (const auto& [name, image] : images) {
    const double both = static_cast<double>(image.predicted.dot(image.truth));
    const double p = static_cast<double>(image.predicted.sum()), t = static_cast<double>(image.truth.sum());
    const double precision = p > 0 ? both / p : 0.0, recall = t > 0 ? both / t : 0.0;
    result.f1 += precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0.0;
    hits += both;
    said += p;
    there += t;
    mean.false_positive_m += image.worst.false_positive_m;
    mean.false_negative_m += image.worst.false_negative_m;
  }
  const double count = std::max(1, result.images);
  result.f1 /= count;
  result.precision = said > 0 ? hits / said : 0.0;
  result.recall = there > 0 ? hits / there : 0.0;
  if (graph != nullptr) result.geodesic = GeodesicError{mean.false_positive_m / count, mean.false_negative_m / count};
  return result;
}

}  // namespace tactus::contact
