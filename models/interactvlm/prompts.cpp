#include <fstream>
#include <nlohmann/json.hpp>

#include "tactus/error.h"
#include "tactus/interactvlm/model.h"

namespace tactus::interactvlm {

const std::vector<std::pair<std::string, Task>>& task_names() {
  static const std::vector<std::pair<std::string, Task>> names = {
      {"hcontact", Task::hcontact}, {"hcontact-wScene", Task::hcontact_scene}, {"h2dcontact", Task::h2dcontact},
      {"oafford", Task::oafford},   {"ocontact", Task::ocontact},              {"segment", Task::segment}};
  return names;
}

std::optional<Task> task_of(const std::string& name) {
  for (const auto& [known, task] : task_names()) {
    if (known == name) return task;
  }
  return std::nullopt;
}

PromptTemplates PromptTemplates::read(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  try {
    const auto json = nlohmann::json::parse(stream);
    const auto& talk = json.at("conversation");
    const auto& questions = json.at("questions");
    return {talk.at("system"),      talk.at("user"),         talk.at("assistant"),  talk.at("separator"),
            talk.at("picture"),     questions.at("human"),   questions.at("object"), questions.at("human_2d"),
            questions.at("segment")};
  } catch (const nlohmann::json::exception&) {
    throw cannot_run(file.string() + ": the prompt templates are missing or damaged; build Tactus again");
  }
}

std::string PromptTemplates::question(Task task, const std::string& object_name) const {
  std::string text = is_human(task) ? human : is_object(task) ? object : task == Task::h2dcontact ? human_2d : segment;
  const std::string slot = "{object}";
  for (auto at = text.find(slot); at != std::string::npos; at = text.find(slot, at + object_name.size())) {
    text.replace(at, slot.size(), object_name);
  }
  return text;
}

std::string PromptTemplates::prompt(const std::string& question, bool image_start_end) const {
  const std::string marker = "<image>";
  std::string shown = picture;
  if (!image_start_end) {
    shown = marker + shown.substr(shown.find_last_of('>') + 1);
  }
  return system + separator + user + ": " + shown + question + separator + assistant + ":";
}

}  // namespace tactus::interactvlm
