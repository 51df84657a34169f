// tactus contact --official-layout: the published contact demo's inputs and outputs (METHOD.md §2.1, §2.10).
#pragma once

#include <string>

#include "commands.h"
#include "tactus/app/ports.h"

namespace tactus::cli {

struct OfficialContact {
  std::string photo;              // a photograph OBJECT__NAME.jpg, or a folder of such or of samples S/S.jpg
  std::string data;               // the published ./data
  std::string task = "hcontact";
  std::string object;             // instead of the file name's
  std::string prompt;             // instead of the published question
  std::string dump;               // .npz of every stage
  std::string out;
  app::ModelChoice model;
};

// What --task understands.
std::vector<std::string> official_tasks();

void run_official_contact(const OfficialContact& arguments, const Context& context);

}  // namespace tactus::cli
