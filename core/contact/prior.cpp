// The prior: usual contact by category, painted into the views. It does not look at the photograph.
#include <algorithm>
#include <cctype>

#include "prior_table.h"
#include "tactus/contact/predictor.h"
#include "tactus/error.h"

namespace tactus::contact {
namespace {

// Sure enough to pass every threshold, not so sure that the sigmoid saturates: probability 0.95 and 0.05.
constexpr float kTouched = 2.944F;
constexpr float kUntouched = -2.944F;
// "Perhaps", for objects that the table does not know: probability 0.6.
constexpr float kPerhaps = 0.405F;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  return words;
}

bool has_word(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Whether every word of `wanted` stands in `name`: "hand" matches "left hand", "right hand" only that one.
bool names_part(const std::string& name, const std::string& wanted) {
  const auto words = words_of(name);
  const auto wanted_words = words_of(wanted);
  return std::all_of(wanted_words.begin(), wanted_words.end(), [&](const std::string& w) { return has_word(words, w); });
}

// Part names that match any of the wanted words; an empty side leaves both.
std::vector<bool> chosen_parts(const std::vector<std::string>& names, const std::vector<std::string>& wanted,
                               const std::string& side) {
  std::vector<bool> chosen(names.size(), false);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::string w : wanted) {
      if (!side.empty()) {
        // The prompt's side replaces the table's.
        for (const char* other : {"left ", "right "})
          if (w.starts_with(other)) w = w.substr(std::string(other).size());
        const bool sided = names[i].starts_with("left") || names[i].starts_with("right");
        if (sided && !names[i].starts_with(side)) continue;
      }
      if (names_part(names[i], w)) chosen[i] = true;
    }
  }
  return chosen;
}

std::vector<std::string> names_of(const std::vector<std::string>& names, const std::vector<bool>& chosen) {
  std::vector<std::string> list;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (chosen[i]) list.push_back(names[i]);
  return list;
}

// "both hands, the fingers of both hands and the right eye".
std::string spoken(const std::vector<std::string>& names) {
  const auto has = [&](const std::string& name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  std::vector<std::string> phrases;
  for (const auto& name : names) {
    const bool left = name.starts_with("left "), right = name.starts_with("right ");
    const std::string part = left ? name.substr(5) : right ? name.substr(6) : name;
    if (!(left || right) || !has((left ? "right " : "left ") + part)) {
      phrases.push_back("the " + name);
    } else if (name == *std::find_if(names.begin(), names.end(), [&](const auto& n) { return n == "left " + part || n == "right " + part; })) {
      const std::string plural = part == "foot" ? "feet" : part + "s";
      phrases.push_back(part == "fingers" ? "the fingers of both hands" : "both " + plural);
    }
  }
  std::string text;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    if (i > 0) text += i + 1 == phrases.size() ? " and " : ", ";
    text += phrases[i];
  }
  return text;
}

bool only_hands(const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const auto& p) { return p.ends_with("hand") || p.ends_with("fingers"); });
}

// A pixel is touched where most of its face's corners are; no list of vertices means all of them.
std::vector<ImageF> painted(const std::vector<views::RenderedView>& rendered, const std::vector<bool>& vertices, float touched) {
  std::vector<ImageF> masks;
  for (const auto& view : rendered) {
    ImageF mask(view.maps.vertex_ids.width, view.maps.vertex_ids.height, 1, kUntouched);
    for (std::size_t pixel = 0; pixel < mask.data.size(); ++pixel) {
      int corners = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        const int vertex = view.maps.vertex_ids.data[3 * pixel + k];
        if (vertex < 0) continue;
        const auto index = static_cast<std::size_t>(vertex);
        corners += vertices.empty() || (index < vertices.size() && vertices[index]) ? 1 : 0;
      }
      if (corners >= 2) mask.data[pixel] = touched;
    }
    masks.push_back(std::move(mask));
  }
  return masks;
}

std::vector<bool> vertices_of(const std::vector<std::uint8_t>& parts, const std::vector<bool>& chosen) {
  std::vector<bool> vertices(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) vertices[i] = chosen[parts[i]];
  return vertices;
}

// What the body's parts are too coarse for, found on its canonical pose: the palms' side of the hands, and the eyes.
class FinerBody {
 public:
  explicit FinerBody(const body::PhotoBody& body) : body_(body) {
    if (body.vertex_parts.empty() || body.canonical.vertex_count() != static_cast<int>(body.vertex_parts.size())) return;
    known_ = true;
    normals_ = geometry::vertex_normals(body.canonical);
  }

  // Hands and fingers touch with their inner side. In the canonical pose it faces down and towards the body.
  void keep_palms(std::vector<bool>& vertices) const {
    if (!known_) return;
    for (std::size_t i = 0; i < vertices.size(); ++i) {
      const std::string& part = body_.part_names[body_.vertex_parts[i]];
      if (!vertices[i] || !(part.ends_with(" hand") || part.ends_with(" fingers"))) continue;
      const auto row = static_cast<Eigen::Index>(i);
      const float inward = body_.canonical.vertices(row, 0) > 0.0F ? -1.0F : 1.0F;
      vertices[i] = 0.76F * inward * normals_(row, 0) - 0.64F * normals_(row, 1) > 0.1F;
    }
  }

  // The face around an eye, side "left" or "right". False where the body's face is not known.
  bool add_eye(const std::string& side, std::vector<bool>& vertices) const {
    if (!known_) return false;
    const auto& points = body_.canonical.vertices;
    std::vector<Eigen::Index> face;
    for (std::size_t i = 0; i < vertices.size(); ++i)
      if (body_.part_names[body_.vertex_parts[i]] == "face") face.push_back(static_cast<Eigen::Index>(i));
    if (face.empty()) return false;
    // The tip of the nose is the foremost point; the eyes lie above it, half of their distance to each side
    // (adult measures, of a face 23 cm high).
    Eigen::Index tip = face.front();
    float low = points(tip, 1), high = low;
    for (const auto i : face) {
      if (points(i, 2) > points(tip, 2)) tip = i;
      low = std::min(low, points(i, 1));
      high = std::max(high, points(i, 1));
    }
    const float size = (high - low) / 0.23F;
    const Eigen::RowVector3f eye = points.row(tip) + size * Eigen::RowVector3f(side == "left" ? 0.032F : -0.032F, 0.034F, -0.03F);
    for (const auto i : face)
      if ((points.row(i) - eye).norm() < 0.03F * size) vertices[static_cast<std::size_t>(i)] = true;
    return true;
  }

 private:
  const body::PhotoBody& body_;
  bool known_ = false;
  geometry::Vertices normals_;
};

class Prior : public ContactPredictor {
 public:
  std::string name() const override { return "prior"; }
  std::string description() const override {
    return "Prior: what people usually touch on such an object. It does not look at the photograph.";
  }
  bool reads_photo() const override { return false; }

  ContactPrediction predict(const ContactQuery& query, const Progress& progress) const override {
    progress.check();
    const auto words = words_of(query.prompt);
    if (words.empty())
      throw bad_input("prompt: it is empty; ask what to find, for example \"Which body parts touch the bottle?\"");
    ContactPrediction result;
    result.model = name();

    const UsualContact* usual = nullptr;
    for (const auto& row : usual_contacts())
      if (query.object.category == row.category) usual = &row;
    std::vector<std::string> body_words = usual != nullptr ? usual->body_parts : std::vector<std::string>{"hand", "fingers"};
    std::vector<std::string> object_words = usual != nullptr ? usual->object_parts : std::vector<std::string>{};
    std::string verb = usual != nullptr ? usual->verb : "holds";
    bool as_usual = true;
    for (const auto& action : usual_actions()) {
      if (std::none_of(action.words.begin(), action.words.end(), [&](const auto& w) { return has_word(words, w); })) continue;
      if (verb == action.verb) break;
      as_usual = false;
      verb = action.verb;
      // What is held in one hand is carried in one, too.
      if (!(only_hands(body_words) && only_hands(action.body_parts))) body_words = action.body_parts;
      const auto fitting = chosen_parts(query.object.part_names, action.object_parts, "");
      if (std::find(fitting.begin(), fitting.end(), true) != fitting.end()) object_words = action.object_parts;
      break;
    }
    const std::string side = has_word(words, "left") == has_word(words, "right") ? ""
                             : has_word(words, "left") ? "left" : "right";
    const auto body_chosen = chosen_parts(query.body.part_names, body_words, side);
    result.body_parts = names_of(query.body.part_names, body_chosen);
    if (query.body.vertex_parts.empty()) {
      result.warnings.push_back("The prior knows the parts of its own body only: " + query.body.source +
                                " gets no body contact. Paint it, or mark joints instead.");
      for (const auto& view : query.body_views)
        result.body_logits.emplace_back(view.maps.face_ids.width, view.maps.face_ids.height, 1, kUntouched);
    } else {
      auto vertices = vertices_of(query.body.vertex_parts, body_chosen);
      const FinerBody finer(query.body);
      finer.keep_palms(vertices);
      if (as_usual && usual != nullptr && usual->eye && finer.add_eye(side == "left" ? side : "right", vertices))
        result.body_parts.push_back(side == "left" ? "left eye" : "right eye");
      result.body_logits = painted(query.body_views, vertices, kTouched);
    }
    progress.check();

    std::vector<bool> object_chosen;
    if (usual != nullptr && !query.object.vertex_parts.empty()) {
      object_chosen = chosen_parts(query.object.part_names, object_words, "");
      result.object_logits = painted(query.object_views, vertices_of(query.object.vertex_parts, object_chosen), kTouched);
      result.object_parts = names_of(query.object.part_names, object_chosen);
    } else {
      result.object_logits = painted(query.object_views, {}, kPerhaps);
      result.warnings.push_back("The parts of " + query.object.name +
                                " are not known, so all of it is taken as perhaps touched. Paint its contact to be exact.");
    }

    const std::string thing = query.object.category.empty() ? "object" : query.object.category;
    result.answer = "A person who " + verb + " a " + thing + " usually touches it with " +
                    (result.body_parts.empty() ? "the body" : spoken(result.body_parts)) + ".";
    if (thing.find_first_of("aeiou") == 0) result.answer.replace(result.answer.find(" a " + thing), 3, " an ");
    if (!result.object_parts.empty()) result.answer += " The contact is on " + spoken(result.object_parts) + ".";
    progress.report(1.0);
    return result;
  }
};

}  // namespace

std::unique_ptr<ContactPredictor> make_prior_predictor() { return std::make_unique<Prior>(); }

}  // namespace tactus::contact
