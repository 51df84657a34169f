// What people usually touch, by category: a table of ours.
#pragma once

#include <string>
#include <vector>

namespace tactus::contact {

struct UsualContact {
  const char* category;
  const char* verb;                        // "holds", "sits on"
  std::vector<std::string> body_parts;     // words contained in the body's part names: "fingers", "left hand"
  std::vector<std::string> object_parts;
  bool eye = false;                        // looked through: an eye touches it, too
};

const std::vector<UsualContact>& usual_contacts();

// Narrowed by words of the prompt: "sitting", "standing on", "carrying", "kicking", …
struct UsualAction {
  std::vector<std::string> words;          // any of these in the prompt
  const char* verb;
  std::vector<std::string> body_parts;
};
const std::vector<UsualAction>& usual_actions();

}  // namespace tactus::contact
