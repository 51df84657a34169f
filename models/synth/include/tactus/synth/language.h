// Questions and answers about made scenes, from templates of our own.
#pragma once

#include <string>
#include <vector>

#include "tactus/random.h"
#include "tactus/synth/scene.h"

namespace tactus::synth {

struct QuestionAndAnswer {
  std::string question;       // "Which body parts touch the bottle?"
  std::string answer;         // "The right hand and the right fingers hold the bottle by its body."; "Nothing touches the ball."
  bool asks_for_contact = true;   // false: a question about description ("What is the person sitting on?"), no contact token
};

// At least 12 phrasings of the question and 6 of each answer; the object by its name or a synonym. `touched` false asks for the
// answer that nothing touches it, whatever the scene says (an empty or wrong mask).
QuestionAndAnswer ask(const Scene& scene, int object, bool touched, Random& random);

// What ask() can say, for the vocabulary: every word of every template, part, category and synonym, lower case, sorted.
std::vector<std::string> all_words(const body::BodyModel& model);

// "both hands, the left thigh and the right foot": parts of a body, left and right joined.
std::string spoken_parts(const std::vector<std::string>& parts);

}  // namespace tactus::synth
