#include "tactus/objects/library.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "shapes.h"
#include "tactus/error.h"

namespace tactus::objects {
namespace {

struct Entry {
  const char* name;
  Shape shape;
  double spread;                      // relative, among real ones
  std::vector<std::string> synonyms;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"chair", chair, 0.1, {"armchair", "seat"}},
      {"stool", stool, 0.15, {"bar stool", "barstool"}},
      {"bench", bench, 0.2, {"park bench"}},
      {"couch", couch, 0.15, {"sofa", "settee"}},
      {"table", table, 0.2, {"desk", "dining table"}},
      {"bed", bed, 0.06, {"mattress"}},
      {"bottle", bottle, 0.15, {"water bottle", "wine bottle"}},
      {"cup", cup, 0.15, {"mug", "coffee cup", "teacup"}},
      {"bowl", bowl, 0.2, {}},
      {"knife", knife, 0.2, {}},
      {"hammer", hammer, 0.15, {}},
      {"broom", broom, 0.1, {}},
      {"umbrella", umbrella, 0.1, {"parasol"}},
      {"book", book, 0.15, {"notebook"}},
      {"laptop", laptop, 0.1, {"computer", "notebook computer"}},
      {"phone", phone, 0.06, {"cell phone", "mobile phone", "smartphone", "cellphone"}},
      {"suitcase", suitcase, 0.15, {"luggage", "trolley"}},
      {"backpack", backpack, 0.12, {"rucksack", "school bag"}},
      {"box", box_parcel, 0.3, {"parcel", "carton"}},
      {"guitar", guitar, 0.06, {"acoustic guitar"}},
      {"camera on a tripod", camera_on_tripod, 0.08, {"camera", "tripod", "video camera", "camcorder"}},
      {"ball", ball, 0.08, {"football", "soccer ball", "sports ball", "basketball", "volleyball"}},
      {"tennis ball", tennis_ball, 0.03, {}},
      {"bat", bat, 0.08, {"baseball bat"}},
      {"racket", racket, 0.05, {"tennis racket", "racquet"}},
      {"skateboard", skateboard, 0.06, {}},
      {"snowboard", snowboard, 0.06, {}},
      {"surfboard", surfboard, 0.15, {}},
      {"frisbee", frisbee, 0.05, {}},
      {"dumbbell", dumbbell, 0.2, {"weight"}},
      {"bicycle", bicycle, 0.05, {"bike", "cycle"}},
      {"motorcycle", motorcycle, 0.06, {"motorbike"}},
  };
  return all;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

bool same_word(const std::string& spoken, const std::string& known) {
  if (spoken == known || spoken == known + "s" || spoken == known + "es") return true;
  // knife → knives
  return known.ends_with("fe") && spoken == known.substr(0, known.size() - 2) + "ves";
}

bool phrase_at(const std::vector<std::string>& words, std::size_t start, const std::vector<std::string>& phrase) {
  if (start + phrase.size() > words.size()) return false;
  for (std::size_t i = 0; i < phrase.size(); ++i)
    if (!same_word(words[start + i], phrase[i])) return false;
  return true;
}

// Where what is done to the object is said; the object follows. 0 when no such word is there.
std::size_t after_the_verb(const std::vector<std::string>& words) {
  static const std::vector<std::string> stems = {"touch", "contact", "hold", "held", "grip", "grasp", "grab", "sit", "sat", "lie", "lying", "lean",
                                                 "stand", "stood", "rid", "carr", "wear", "kick", "play", "press", "look", "push", "pull", "us",
                                                 "operat", "swing", "throw", "catch"};
  static const std::vector<std::string> endings = {"", "s", "es", "e", "ing", "ting", "ping", "bing", "ied", "ies", "y", "ying", "ed", "d", "den", "n"};
  for (std::size_t i = 0; i < words.size(); ++i)
    for (const auto& stem : stems)
      if (words[i].rfind(stem, 0) == 0 && std::find(endings.begin(), endings.end(), words[i].substr(stem.size())) != endings.end()) return i + 1;
  return 0;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

}  // namespace

const std::vector<Category>& categories() {
  static const std::vector<Category> all = [] {
    std::vector<Category> list;
    for (const Entry& entry : entries()) {
      MeshBuilder builder(0.1);
      entry.shape(builder, Variation{});
      const ObjectMesh object = builder.finish(entry.name);
      list.push_back({entry.name, entry.synonyms, object.part_names,
                      static_cast<double>(geometry::bounding_box(object.mesh.vertices).size().maxCoeff()), entry.spread});
    }
    return list;
  }();
  return all;
}

std::optional<std::string> find_category(std::string_view text) {
  static const auto phrases = [] {
    std::vector<std::pair<std::vector<std::string>, const char*>> all;
    for (const Entry& entry : entries()) {
      all.emplace_back(words_of(entry.name), entry.name);
      for (const auto& synonym : entry.synonyms) all.emplace_back(words_of(synonym), entry.name);
    }
    return all;
  }();
  const auto words = words_of(text);
  // The longest name that begins at a word; none: length 0.
  struct Named {
    const char* category = nullptr;
    std::size_t length = 0;
  };
  const auto named_at = [&](std::size_t start) {
    Named named;
    for (const auto& [phrase, category] : phrases)
      if (phrase.size() > named.length && phrase_at(words, start, phrase)) named = {category, phrase.size()};
    return named;
  };
  const std::size_t verb = after_the_verb(words);
  for (const std::size_t from : {verb, std::size_t{0}}) {
    std::optional<std::string> part;   // "the seat of …": what follows is meant, unless nothing does
    for (std::size_t i = from; i < words.size(); ++i) {
      const Named named = named_at(i);
      if (named.length == 0) continue;
      const std::size_t next = i + named.length;
      if (next >= words.size() || words[next] != "of") return named.category;
      if (!part) part = named.category;
      i = next;
    }
    if (part) return part;
  }
  return std::nullopt;
}

ObjectMesh make_object(std::string_view category, const ObjectOptions& options) {
  for (const Entry& entry : entries()) {
    if (category != entry.name) continue;
    // Small things need small triangles.
    double size = 1.0;
    for (const Category& known : categories())
      if (known.name == entry.name) size = known.typical_size_m;
    MeshBuilder builder(std::min(options.max_edge_m, std::max(0.003, size / 28.0)));
    entry.shape(builder, Variation{options.variation});
    return builder.finish(entry.name);
  }
  std::vector<std::pair<std::size_t, std::string>> ranked;
  for (const Entry& entry : entries()) ranked.emplace_back(edit_distance(std::string(category), entry.name), entry.name);
  std::sort(ranked.begin(), ranked.end());
  throw bad_input("object \"" + std::string(category) + "\": the library has no such object; the closest names are " +
                  ranked[0].second + ", " + ranked[1].second + " and " + ranked[2].second +
                  ", or give a mesh file (.obj .ply .glb)");
}

}  // namespace tactus::objects
