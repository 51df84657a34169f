// Everything that needs libtorch, behind one interface. The implementation is app/networks, a library that networks()
// opens when it is first asked for, so that a program which runs no network does not load libtorch (0.5 s).
//
// A new entry (a model, its trainer, an evaluation) is: a pure virtual function of Networks here, with plain types or
// those of core/; its body in app/networks; kNetworksInterface raised by one. Nothing of models/ is named here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/contact/perceiver.h"
#include "tactus/contact/photo_segmenter.h"
#include "tactus/contact/predictor.h"
#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/views/view_camera.h"

namespace tactus::app {

// A tensor as it was computed, for comparison with other implementations.
struct StageArray {
  std::vector<std::size_t> shape;
  std::vector<float> values;             // of floating stages
  std::vector<std::int64_t> integers;    // of ids
};
using Stages = std::map<std::string, StageArray>;

struct CheckpointOptions {
  std::filesystem::path folder;
  std::filesystem::path clip_folder;     // empty: looked for beside and inside `folder`
  std::filesystem::path prompts;         // the templates of its questions, prompts/interactvlm.json
  std::filesystem::path cache_folder;    // embeddings of the body's views; empty: kept in memory alone
  std::string precision = "auto";        // fp32, bf16, int8, int4; auto: the best that the free memory holds
  std::string device = "auto";           // cpu, cuda
};

// References must outlive the call.
struct CheckpointQuery {
  const ImageU8& photo;                              // RGB
  std::string task;                                  // a published name: "hcontact", "ocontact", … (METHOD §2.1)
  std::string object;                                // fills the published question
  std::string question;                              // instead of the published one, when not empty
  std::vector<const ImageU8*> pictures;              // the views in their table's order, or the photograph
  bool keep_stages = false;
};

struct CheckpointAnswer {
  std::string question;                              // that was asked
  std::string text;                                  // what was generated, without the closing </s>
  std::string whole_text;                            // the prompt too, specials kept
  std::vector<contact::TokenRecord> tokens;          // generated ones, eos included
  // Logits of the size of the picture they belong to: a view each; for one picture, a contact token each.
  // Empty when no contact token came.
  std::vector<ImageF> masks;
  int contact_tokens = 0;
  bool reached_limit = false;
  std::vector<std::string> warnings;
  Stages stages;
};

// An opened checkpoint folder. One question at a time.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  virtual std::string precision() const = 0;         // what it runs in
  virtual std::string device() const = 0;
  virtual std::int64_t weight_bytes() const = 0;
  virtual std::vector<std::string> warnings() const = 0;   // of the folder
  // It marks the photograph (LISA) instead of the views of body and object, so it is no contact model.
  virtual bool marks_the_photograph() const = 0;
  // The views that a question about an object shows, in order.
  virtual std::vector<views::ViewCamera> object_cameras() const = 0;
  // Error{bad_input} for a task that it does not know or was not trained for.
  virtual CheckpointAnswer ask(const CheckpointQuery& query, const Progress& progress) = 0;
};

// What a folder of weights is, what it lacks and how much memory it takes.
struct FolderDescription {
  bool known = false;                  // InteractVLM, LISA, LLaVA, CLIP or SAM
  std::string name;                    // "InteractVLM", "LISA", …
  std::vector<std::string> missing;    // sentences
  std::uint64_t bytes = 0, parameters = 0;   // of all stored tensors
  std::string stored_precision;        // "fp32", "bf16", "int4", …; empty when the weights cannot be read
  struct Need {
    std::string precision;
    std::uint64_t bytes = 0;
  };
  std::vector<Need> needs;             // memory while it runs, an estimate; most precise first
};

struct ConvertReport {
  std::size_t tensors = 0, int8 = 0, int4 = 0;   // stored ones; those that became int8 and int4
  std::uint64_t bytes_before = 0, bytes_after = 0;
  std::string precision;
  std::vector<std::string> files;                // all that was written, shards first
};

// An evaluation of a contact model on made scenes.
struct EvaluateRequest {
  std::filesystem::path body;          // body.tbm
  std::filesystem::path weights;       // of a compact model; empty: the category prior alone
  std::filesystem::path perception;    // weights of a perception network; empty: none, and nothing is asked of photographs alone
  std::filesystem::path out;           // for evaluation.json, prompts.npz, report.html, pictures; empty: no files
  std::string split = "test";          // train, validation, test
  std::uint64_t seed = 2026;
  int prompts = 2922, validation_prompts = 600, prior_scenes = 1500;
  int photographs = 300;               // of the split that the perception is scored on, and as many prompts from them alone
};
struct EvaluateReport {
  std::string json;                    // one object
  struct Line {
    std::string words;
    double bound = 0, reached = 0;
    bool at_most = false, met = false;
  };
  std::vector<Line> required;
};

// A training of the compact or the perception network; what is shown while it runs and what came out (models/training).
struct TrainStatus {
  std::string stage;                   // "Scenes", "Train", "Validate"
  std::int64_t step = 0, steps = 0;
  double loss = 0, per_second = 0, seconds_left = 0;
  std::string curve;                   // of the loss so far, one line
  std::map<std::string, double> scores;   // after a validation
};
struct TrainReport {
  std::int64_t scenes = 0, prompts = 0, steps = 0, parameters = 0;
  double generation_seconds = 0, training_seconds = 0, prompts_per_second = 0;
  std::map<std::string, double> scores;
  std::string output;                  // the file of weights
  bool resumed = false;
};

// Its functions may be called from several threads. Errors: bad_input for what is wrong in a file, a folder or a name,
// cannot_run for memory, disk and devices.
class Networks {
 public:
  virtual ~Networks() = default;
  virtual std::shared_ptr<Checkpoint> open_checkpoint(const CheckpointOptions& options, const Progress& progress) const = 0;
  // The contact model of a checkpoint; the side that it was not trained for is left to `fallback`. `stages`, when given,
  // receives every stage. Error{bad_input} when the checkpoint is no contact model.
  virtual std::unique_ptr<contact::ContactPredictor> make_predictor(std::shared_ptr<Checkpoint> checkpoint,
                                                                    std::shared_ptr<const contact::ContactPredictor> fallback,
                                                                    std::shared_ptr<Stages> stages) const = 0;
  // Outlines by words, with a checkpoint that marks the photograph.
  virtual std::unique_ptr<contact::PhotoSegmenter> make_word_segmenter(std::shared_ptr<Checkpoint> checkpoint,
                                                                       const std::string& name) const = 0;
  // Outlines by clicks and boxes, with the weights of Segment Anything.
  virtual std::unique_ptr<contact::PhotoSegmenter> open_click_segmenter(const std::filesystem::path& file, const std::string& device,
                                                                        const Progress& progress) const = 0;
  // A folder, or a single file of weights. Error{bad_input} only when there is nothing at `path`.
  virtual FolderDescription describe_folder(const std::filesystem::path& path) const = 0;
  // A model folder written again into the empty folder `into`; `to`: "safetensors", "int8" or "int4".
  virtual ConvertReport convert(const std::filesystem::path& from, const std::filesystem::path& into, const std::string& to,
                                const Progress& progress) const = 0;
  // The compact contact model. Error{bad_input}: no file of one.
  virtual std::unique_ptr<contact::ContactPredictor> open_compact(const std::filesystem::path& weights,
                                                                  std::shared_ptr<const body::BodyModel> body_model) const = 0;
  // Error{bad_input}: no file of perception weights.
  virtual std::shared_ptr<const contact::Perceiver> open_perceiver(const std::filesystem::path& weights) const = 0;
  // From a configuration's file; its key "model" may be "perception", else it is the compact model's. A stop writes the
  // checkpoint, where one is configured, and throws Error{cancelled}.
  virtual TrainReport train(const std::filesystem::path& config, const std::filesystem::path& body, const Progress& progress,
                            const std::function<void(const TrainStatus&)>& on_status) const = 0;
  virtual EvaluateReport evaluate(const EvaluateRequest& request, const Progress& progress) const = 0;
};

// Where the library belongs: ../lib/tactus from the program's folder, built or installed. It need not be there.
std::filesystem::path networks_file();
// Opens the library the first time; from any thread. It stays open until the program ends.
// Error{cannot_run} when it is missing, cannot be loaded or belongs to another version; the next call tries again.
const Networks& networks();

// What the library's one entry, the function `tactus_networks`, returns. Changes of this struct alone break the check.
struct NetworksEntry {
  const char* version;         // TACTUS_VERSION
  int interface;               // kNetworksInterface
  const Networks* networks;
};
inline constexpr int kNetworksInterface = 4;
inline constexpr const char* kNetworksEntry = "tactus_networks";
using NetworksEntryFunction = NetworksEntry (*)();

}  // namespace tactus::app
