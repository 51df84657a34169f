// The whole network behind one door: photograph and question in, text, tokens and masks out (METHOD.md §2).
// No libtorch type here, so that programs need not compile against it.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tactus/contact/predictor.h"
#include "tactus/image.h"
#include "tactus/interactvlm/config.h"
#include "tactus/progress.h"

namespace tactus::interactvlm {

enum class Task { hcontact, hcontact_scene, h2dcontact, oafford, ocontact, segment };
const std::vector<std::pair<std::string, Task>>& task_names();   // "hcontact-wScene" → hcontact_scene, …
std::optional<Task> task_of(const std::string& name);
inline bool is_human(Task task) { return task == Task::hcontact || task == Task::hcontact_scene; }
inline bool is_object(Task task) { return task == Task::oafford || task == Task::ocontact; }

// Prompt templates as data (resources/prompts/interactvlm.json).
struct PromptTemplates {
  std::string system, user, assistant, separator, picture;
  std::string human, object, human_2d, segment;      // questions; {object} is replaced

  static PromptTemplates read(const std::filesystem::path& file);   // Error{cannot_run} when damaged
  std::string question(Task task, const std::string& object) const;
  // The conversation of §2.2 up to "ASSISTANT:".
  std::string prompt(const std::string& question, bool image_start_end) const;
};

// A tensor as it was computed, for comparison with other implementations.
struct Array {
  std::vector<std::size_t> shape;
  std::vector<float> values;             // of floating stages
  std::vector<std::int64_t> integers;    // of ids
};
using Stages = std::map<std::string, Array>;

struct OpenOptions {
  std::filesystem::path folder;
  std::filesystem::path clip_folder;     // empty: looked for beside and inside `folder`
  std::string precision = "auto";        // fp32, bf16, int8, int4; auto: the best that the free memory holds
  std::string device = "auto";           // cpu, cuda
  std::filesystem::path cache_folder;    // SAM embeddings of the body's views; empty: kept in memory alone
};

struct Query {
  const ImageU8& photo;                              // RGB
  Task task = Task::hcontact;
  std::string prompt{};                              // the whole conversation, with one "<image>"
  std::vector<const ImageU8*> pictures{};            // what SAM sees: the views in their table's order, or the photo
  int max_new_tokens = 512;
  bool keep_stages = false;
  bool keep_embeddings_on_disk = false;              // of `pictures`: for those that come again (the body's views)
};

struct Answer {
  std::string text;                                  // what was generated, without the closing </s>
  std::string whole_text;                            // as §2.10 prints it: the prompt too, specials kept
  std::vector<contact::TokenRecord> tokens;          // generated ones, eos included
  // Logits of the size of the picture they belong to: a view each; for one picture, a contact token each.
  // Empty when no contact token came.
  std::vector<ImageF> masks;
  int contact_tokens = 0;
  bool reached_limit = false;
  std::vector<std::string> warnings;                 // sentences: no contact token, several, cut off
  Stages stages;
};

class Model {
 public:
  // Reads everything; progress in bytes. Error{bad_input} for what is wrong in the folder, Error{cannot_run} when
  // the memory does not hold the chosen precision.
  static std::shared_ptr<Model> open(const OpenOptions& options, const Progress& progress);
  virtual ~Model() = default;

  virtual const ModelConfig& config() const = 0;
  virtual std::string precision() const = 0;         // what it runs in
  virtual std::string device() const = 0;
  virtual std::int64_t weight_bytes() const = 0;
  virtual const std::vector<std::string>& warnings() const = 0;   // of the folder
  // `on_token` is called after every generated token. One question at a time.
  // The views that a question about an object shows, in order, at the distance that objects are rendered from (§2.16).
  std::vector<views::ViewCamera> object_cameras() const;
  virtual Answer ask(const Query& query, const Progress& progress,
                     const std::function<void(const contact::TokenRecord&)>& on_token = {}) = 0;
};

}  // namespace tactus::interactvlm
