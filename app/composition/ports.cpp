#include "tactus/app/ports.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "program_folder.h"
#include "tactus/error.h"
#include "tactus/io/body_files.h"
#include "tactus/io/keypoints_json.h"
#include "tactus/io/npz.h"
#include "tactus/io/picture.h"
#include "tactus/render/cpu.h"

namespace tactus::app {
namespace {

namespace fs = std::filesystem;

nlohmann::json read_sample(const std::string& name) {
  const fs::path file = data_folder() / "samples" / name / "sample.json";
  std::ifstream stream(file);
  if (!stream) {
    std::string known;
    for (const auto& other : sample_names()) known += (known.empty() ? "" : ", ") + other;
    throw bad_input(name + ": there is no such sample; there are " + known);
  }
  try {
    return nlohmann::json::parse(stream);
  } catch (const nlohmann::json::exception&) {
    throw cannot_run(file.string() + ": the sample's description is damaged; build Tactus again");
  }
}

std::shared_ptr<const pipeline::Truth> read_truth(const fs::path& path) {
  const io::NpzFile file(path);
  auto truth = std::make_shared<pipeline::Truth>();
  const auto pose = file.at("photo_from_object").expect({4, 4}).as_doubles();
  const Eigen::Map<const Eigen::Matrix<double, 4, 4, Eigen::RowMajor>> matrix(pose.data());
  truth->photo_from_object.scale = std::cbrt(matrix.topLeftCorner<3, 3>().determinant());
  truth->photo_from_object.rotation = matrix.topLeftCorner<3, 3>() / truth->photo_from_object.scale;
  truth->photo_from_object.translation = matrix.topRightCorner<3, 1>();
  const auto body = file.at("body_vertices").expect({-1, 3}).as_floats();
  truth->body = Eigen::Map<const geometry::Vertices>(body.data(), static_cast<Eigen::Index>(body.size() / 3), 3);
  truth->body_contact = file.at("body_contact").expect({-1}).as_int32();
  truth->object_contact = file.at("object_contact").expect({-1}).as_int32();
  return truth;
}

}  // namespace

fs::path program_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? fs::current_path() : self.parent_path();
}

fs::path data_folder() {
  std::vector<fs::path> places;
  if (const char* set = std::getenv("TACTUS_DATA")) places.emplace_back(set);
  const fs::path program = program_folder();
  places.push_back(program / "../share/tactus");
  places.push_back(program / "share/tactus");
  for (const auto& place : places) {
    std::error_code error;
    if (fs::exists(place / "body.tbm", error)) return fs::weakly_canonical(place);
  }
  throw cannot_run("body.tbm: the body model was not found in " + places.front().string() +
                   "; build with ./run, or set TACTUS_DATA to the folder that holds it");
}

const std::vector<std::string>& model_names() {
  static const std::vector<std::string> names = {"compact", "prior"};
  return names;
}

fs::path cache_folder() {
  if (const char* set = std::getenv("XDG_CACHE_HOME"); set != nullptr && *set != '\0') return fs::path(set) / "tactus";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return fs::path(home) / ".cache" / "tactus";
  return {};
}

bool ModelChoice::is_folder() const {
  return std::find(model_names().begin(), model_names().end(), model) == model_names().end();
}

std::shared_ptr<Checkpoint> open_model(const ModelChoice& choice, const Progress& progress) {
  std::error_code error;
  if (!fs::is_directory(choice.model, error)) {
    std::string known;
    for (const auto& name : model_names()) known += (known.empty() ? "" : ", ") + name;
    throw bad_input(choice.model + ": this is neither a contact model (" + known + ") nor the folder of a checkpoint");
  }
  CheckpointOptions options;
  options.folder = choice.model;
  options.clip_folder = choice.clip_folder;
  options.precision = choice.precision;
  options.device = choice.device;
  options.prompts = data_folder() / "prompts" / "interactvlm.json";
  options.cache_folder = cache_folder();
  return networks().open_checkpoint(options, progress);
}

fs::path compact_weights() { return data_folder() / "models" / "compact.safetensors"; }
fs::path perception_weights() { return data_folder() / "models" / "perception.safetensors"; }

namespace {

// Loads libtorch and the weights when it is first asked, so that a window shows before.
class CompactOnDemand : public contact::ContactPredictor {
 public:
  explicit CompactOnDemand(std::shared_ptr<const body::BodyModel> body_model) : body_model_(std::move(body_model)) {}
  std::string name() const override { return "compact"; }
  std::string description() const override {
    return "Compact: our own small network. It reads your marks: the joints, the person's mask and the object's.";
  }
  contact::ContactPrediction predict(const contact::ContactQuery& query, const Progress& progress) const override {
    return opened().predict(query, progress);
  }

 private:
  const contact::ContactPredictor& opened() const {
    const std::lock_guard lock(mutex_);
    if (!predictor_) predictor_ = networks().open_compact(compact_weights(), body_model_);   // after a failure the next question tries again
    return *predictor_;
  }
  std::shared_ptr<const body::BodyModel> body_model_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<contact::ContactPredictor> predictor_;
};

class PerceiverOnDemand : public contact::Perceiver {
 public:
  contact::Percept look(const ImageU8& rgb, const std::string& category, const Progress& progress) const override {
    return opened().look(rgb, category, progress);
  }

 private:
  const contact::Perceiver& opened() const {
    const std::lock_guard lock(mutex_);
    if (!perceiver_) perceiver_ = networks().open_perceiver(perception_weights());
    return *perceiver_;
  }
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const contact::Perceiver> perceiver_;
};

}  // namespace

std::shared_ptr<const contact::Perceiver> make_perceiver() {
  std::error_code error;
  return fs::exists(perception_weights(), error) ? std::make_shared<PerceiverOnDemand>() : nullptr;
}

std::shared_ptr<const contact::ContactPredictor> built_in_model(const std::string& name,
                                                                std::shared_ptr<const body::BodyModel> body_model) {
  if (name == "compact") return std::make_shared<CompactOnDemand>(std::move(body_model));
  return contact::make_prior_predictor();
}

pipeline::Ports make_ports(const ModelChoice& choice, const Progress& progress) {
  pipeline::Ports ports;
  ports.body_model = std::make_shared<body::BodyModel>(io::read_body_model(data_folder() / "body.tbm"));
  if (choice.is_folder()) {
    const auto checkpoint = open_model(choice, progress);
    ports.predictor = networks().make_predictor(checkpoint, contact::make_prior_predictor(), choice.stages);
  } else {
    ports.predictor = built_in_model(choice.model, ports.body_model);
  }
  ports.view_renderer = render::make_cpu_view_renderer();
  ports.make_silhouette_renderer = [] { return render::make_cpu_silhouette_renderer(); };
  return ports;
}

std::vector<std::string> sample_names() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(data_folder() / "samples", error)) {
    if (fs::exists(entry.path() / "sample.json")) names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

pipeline::Inputs sample_inputs(const std::string& name) {
  const nlohmann::json sample = read_sample(name);
  const fs::path folder = data_folder() / "samples" / name;
  pipeline::Inputs inputs;
  inputs.photo_name = sample.at("photo");
  inputs.photo = io::read_picture(folder / inputs.photo_name);
  inputs.prompt = sample.at("prompt");
  inputs.object_name = sample.at("object");
  const int width = inputs.photo.width, height = inputs.photo.height;
  const auto person = io::read_coco_keypoints(folder / std::string(sample.at("keypoints")), inputs.photo_name, width,
                                              height, std::nullopt);
  inputs.keypoints = person.keypoints;
  inputs.person_box = person.box;
  inputs.human_mask = io::read_mask(folder / std::string(sample.at("human_mask")), width, height);
  inputs.object_mask = io::read_mask(folder / std::string(sample.at("object_mask")), width, height);
  if (sample.contains("truth")) inputs.truth = read_truth(folder / std::string(sample.at("truth")));
  return inputs;
}

}  // namespace tactus::app
