// Which object a sentence means: the first one named after the touch verb, the longest name at the same place.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tactus/objects/library.h"

namespace tactus::objects {
namespace {

std::string meant(const std::string& text) { return find_category(text).value_or("none"); }

TEST(FindCategory, NamesSynonymsAndPlurals) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"chair", "chair"}, {"CHAIR", "chair"}, {"the wooden chairs", "chair"}, {"two knives", "knife"}, {"benches", "bench"},
      {"sofa", "couch"}, {"Which parts touch the cup?", "cup"}, {"tennis balls", "tennis ball"}, {"camera", "camera on a tripod"}};
  for (const auto& [text, wanted] : cases) EXPECT_EQ(meant(text), wanted) << text;
  for (const auto& category : categories()) {
    EXPECT_EQ(meant(category.name), category.name);
    EXPECT_EQ(meant(category.name + "s"), category.name);
    for (const auto& synonym : category.synonyms) EXPECT_EQ(meant(synonym), category.name) << synonym;
  }
}

TEST(FindCategory, WordsInsideWordsDoNotCount) {
  for (const char* text : {"", "   ", "a cupboard", "chairman", "unboxing", "the tablet", "Which body parts are in contact?", "日本"}) EXPECT_EQ(meant(text), "none") << text;
}

TEST(FindCategory, TheLongestNameAtTheSamePlace) {
  EXPECT_EQ(meant("He hits the tennis ball."), "tennis ball");
  EXPECT_EQ(meant("the camera on a tripod"), "camera on a tripod");
  EXPECT_EQ(meant("typing on the notebook computer"), "laptop");
}

TEST(FindCategory, TheFirstOneAfterTheTouchVerb) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"Which body parts touch the cup on the table?", "cup"},
      {"Where does the man at the table hold the knife next to the bowl?", "knife"},
      {"the woman on the bench is holding an umbrella", "umbrella"},
      {"Which parts of the person sitting on the chair?", "chair"},
      {"riding a bike beside the motorcycle", "bicycle"},
      {"the chair, the table and the bed", "chair"},
      {"a phone that he uses", "phone"},
      {"touch the seat of the bicycle", "bicycle"},
      {"touching the box of what", "box"}};
  for (const auto& [text, wanted] : cases) EXPECT_EQ(meant(text), wanted) << text;
}

}  // namespace
}  // namespace tactus::objects
