#include "tactus/synth/language.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <set>
#include <string_view>

namespace tactus::synth {
namespace {

using Phrases = std::vector<std::string_view>;

// {o}: the object's name; {p}: parts of the body; {q}: parts of the object; {v}: the verb with its preposition.
const Phrases kQuestions = {
    "Which body parts touch the {o}?",
    "Which parts of the body are in contact with the {o}?",
    "Where does the person touch the {o}?",
    "Where is the body in contact with the {o}?",
    "What parts of the person touch the {o}?",
    "Which regions of the body are touching the {o}?",
    "Show where the body touches the {o}.",
    "Mark the contact with the {o}.",
    "Segment the contact between the person and the {o}.",
    "Does the person touch the {o}, and where?",
    "With which body parts does the person touch the {o}?",
    "Find the body parts that touch the {o}.",
    "Where is contact between the human and the {o}?",
    "What touches the {o}?",
    "How is the {o} touched?",
    "{o}"};
const Phrases kAskedWithVerb = {
    "Which body parts {v} the {o}?", "With what does the person {v} the {o}?", "How does the person {v} the {o}?"};

const Phrases kTouched = {"{p} {t} the {o}.",
                          "The person touches the {o} with {p}.",
                          "The {o} is touched by {p}.",
                          "{p} {a} in contact with the {o}.",
                          "There is contact with the {o} at {p}.",
                          "Contact with the {o} is on {p}."};
const Phrases kTouchedWithVerb = {"The person {v} the {o} with {p}.", "The person {v} the {o}; {p} {t} it."};
const Phrases kTouchedParts = {"The person touches {q} of the {o} with {p}.", "{p} {t} {q} of the {o}.",
                               "{p} {a} in contact with {q} of the {o}."};
const Phrases kUntouched = {"Nothing touches the {o}.",
                            "The person does not touch the {o}.",
                            "The {o} is not touched.",
                            "No body part is in contact with the {o}.",
                            "There is no contact with the {o}.",
                            "The body does not touch the {o}."};

const Phrases kDescribe = {"What is the person doing with the {o}?", "Describe what the person does with the {o}.",
                           "What does the person do with the {o}?", "Describe the person and the {o}."};
const Phrases kDescribed = {"The person {v} the {o}.", "The person in the picture {v} the {o}."};
const Phrases kNotUsed = {"The person does nothing with the {o}.", "The person is near the {o} and does not use it.",
                          "The {o} is in the picture, and the person does not use it."};

struct Verb {
  std::string_view plain, third;
};
// By Interaction; the order is the enumeration's.
constexpr std::array<Verb, kInteractionCount> kVerbs = {{{"touch", "touches"},
                                                         {"sit on", "sits on"},
                                                         {"lie on", "lies on"},
                                                         {"lean on", "leans on"},
                                                         {"stand on", "stands on"},
                                                         {"ride", "rides"},
                                                         {"hold", "holds"},
                                                         {"hold", "holds"},
                                                         {"hold", "holds"},
                                                         {"use", "uses"},
                                                         {"carry", "carries"},
                                                         {"carry", "carries"},
                                                         {"wear", "wears"},
                                                         {"kick", "kicks"},
                                                         {"press", "presses"},
                                                         {"play", "plays"},
                                                         {"look through", "looks through"},
                                                         {"push", "pushes"},
                                                         {"pull", "pulls"}}};


void replace(std::string& text, std::string_view mark, std::string_view by) {
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size())) text.replace(at, mark.size(), by);
}

std::string joined(const std::vector<std::string>& phrases) {
  std::string text;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    if (i > 0) text += i + 1 == phrases.size() ? " and " : ", ";
    text += phrases[i];
  }
  return text;
}

std::string plural(const std::string& part) {
  if (part.ends_with("foot")) return part.substr(0, part.size() - 4) + "feet";
  return part.ends_with("s") ? part : part + "s";
}

bool draw_describe(Random& random) { return random.uniform() < 0.12; }

const objects::Category* category_of(const std::string& name) {
  for (const auto& category : objects::categories())
    if (category.name == name) return &category;
  return nullptr;
}

// Words as the vocabulary of the compact model splits them.
void add_words(std::string_view text, std::set<std::string>& words) {
  std::string word;
  for (const char c : std::string(text) + " ") {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || ((c == '-' || c == '\'') && !word.empty())) {
      word += static_cast<char>(std::tolower(byte));
      continue;
    }
    if (!word.empty()) words.insert(std::move(word));
    word.clear();
    if (std::ispunct(byte) != 0) words.insert(std::string(1, c));
  }
}

}  // namespace

std::string spoken_parts(const std::vector<std::string>& parts) {
  const auto has = [&](const std::string& name) { return std::find(parts.begin(), parts.end(), name) != parts.end(); };
  std::vector<std::string> phrases;
  std::set<std::string> joined_parts;
  for (const std::string& name : parts) {
    const bool left = name.starts_with("left "), right = name.starts_with("right ");
    const std::string part = left ? name.substr(5) : right ? name.substr(6) : name;
    if (!(left || right) || !has((left ? "right " : "left ") + part)) {
      phrases.push_back("the " + name);
    } else if (joined_parts.insert(part).second) {
      phrases.push_back(part == "fingers" ? "the fingers of both hands" : "both " + plural(part));
    }
  }
  return joined(phrases);
}

QuestionAndAnswer ask(const Scene& scene, int object, bool touched, Random& random) {
  const SceneObject& thing = scene.objects[static_cast<std::size_t>(object)];
  const objects::Category* category = category_of(thing.object->category);
  const auto& synonyms = category != nullptr ? category->synonyms : std::vector<std::string>{};
  // The same number of draws whatever is said.
  const double which_name = random.uniform(), which_form = random.uniform(), which_answer = random.uniform();
  const bool describe = draw_describe(random);
  const std::uint32_t question = random.next(), answer = random.next(), synonym = random.next();
  const auto pick = [](const Phrases& phrases, std::uint32_t number) { return std::string(phrases[number % phrases.size()]); };

  const std::string name = thing.object->category.empty() ? std::string("object") : thing.object->category;
  const std::string asked = !synonyms.empty() && which_name < 0.3 ? synonyms[synonym % synonyms.size()] : name;
  const Verb verb = kVerbs[static_cast<std::size_t>(thing.interaction)];
  const bool has_parts = touched && !thing.body_parts.empty();
  const bool has_verb = has_parts && thing.interaction != Interaction::none;

  QuestionAndAnswer result;
  result.asks_for_contact = !describe;
  if (describe) {
    result.question = pick(kDescribe, question);
    result.answer = has_verb ? pick(kDescribed, answer) : has_parts ? "The person touches the {o}." : pick(kNotUsed, answer);
  } else {
    result.question = has_verb && which_form < 0.12 ? pick(kAskedWithVerb, question) : pick(kQuestions, question);
    if (!has_parts) {
      result.answer = pick(touched ? kTouched : kUntouched, answer);
    } else if (has_verb && which_answer < 0.35) {
      result.answer = pick(kTouchedWithVerb, answer);
    } else if (!thing.object_parts.empty() && which_answer < 0.65) {
      result.answer = pick(kTouchedParts, answer);
    } else {
      result.answer = pick(kTouched, answer);
    }
  }
  const bool third = result.answer.find("{v}") != std::string::npos;
  replace(result.question, "{v}", verb.plain);
  if (third) replace(result.answer, "{v}", verb.third);
  replace(result.question, "{o}", asked);
  replace(result.answer, "{o}", asked);
  const std::string parts = has_parts ? spoken_parts(thing.body_parts) : "the body";
  const bool several = thing.body_parts.size() > 1 || parts.ends_with("s");
  replace(result.answer, "{t}", several ? "touch" : "touches");
  replace(result.answer, "{a}", several ? "are" : "is");
  replace(result.answer, "{p}", parts);
  replace(result.answer, "{q}", spoken_parts(thing.object_parts));
  for (std::string* text : {&result.question, &result.answer}) {
    if (!text->empty()) (*text)[0] = static_cast<char>(std::toupper(static_cast<unsigned char>((*text)[0])));
  }
  return result;
}

std::vector<std::string> all_words(const body::BodyModel& model) {
  std::set<std::string> words;
  for (const Phrases* phrases : {&kQuestions, &kAskedWithVerb, &kTouched, &kTouchedWithVerb, &kTouchedParts, &kUntouched, &kDescribe,
                                 &kDescribed, &kNotUsed}) {
    for (const std::string_view phrase : *phrases) {
      std::string text(phrase);
      for (const char* mark : {"{o}", "{p}", "{q}", "{v}", "{t}", "{a}"}) replace(text, mark, " ");
      add_words(text, words);
    }
  }
  for (const Verb& verb : kVerbs) {
    add_words(verb.plain, words);
    add_words(verb.third, words);
  }
  for (const std::string& part : model.part_names()) {
    add_words(part, words);
    add_words(plural(part), words);
  }
  for (const auto& category : objects::categories()) {
    add_words(category.name, words);
    for (const std::string& synonym : category.synonyms) add_words(synonym, words);
    for (const std::string& part : category.part_names) add_words(part, words);
  }
  add_words("the fingers of both hands and the body object left right is are touch touches , . ? ;", words);
  return {words.begin(), words.end()};
}

}  // namespace tactus::synth
