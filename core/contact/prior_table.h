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

// Narrowed by words of the prompt: "sitting", "standing on", "carrying", "kicking", … An action that is the usual one
// of its category changes nothing.
struct UsualAction {
  std::vector<std::string> words;          // any of these in the prompt; the first action that has one counts
  const char* verb;
  std::vector<std::string> body_parts;
  std::vector<std::string> object_parts;   // those that the object has; if it has none of them, its usual ones
};
const std::vector<UsualAction>& usual_actions();

}  // namespace tactus::contact
