#include "clothing.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

namespace tactus::synth {
namespace {

enum Layer : std::uint8_t { kSkin, kHair, kTop, kTrousers, kShoes, kGloves };

struct Outfit {
  int sleeves = 1;          // 0 none, 1 short, 2 long
  int trousers = 2;         // 0 as pants, 1 short, 2 long
  bool shoes = true, gloves = false, bare_chest = false, dress = false;
  int hair = 1;             // 0 bald, 1 short, 2 long
  float top = 0, legs = 0, head = 0, feet = 0;   // metres that the cloth, or the hair, stands off the skin
  float coat = 0;           // how far down the thighs it reaches, of their length; 0: no coat
};

constexpr float kPressed = 0.10F;        // metres around what is touched in which cloth comes to lie on the skin
constexpr float kFold = 12.0F;           // 1/m, of the folds
constexpr std::size_t kFewTouched = 160; // touched vertices that distances are taken to

Layer layer_of(std::string_view part, const Outfit& outfit) {
  const auto is = [&](std::string_view name) { return part.ends_with(name); };
  if (is("fingers") || is("hand")) return outfit.gloves ? kGloves : kSkin;
  if (is("forearm")) return outfit.sleeves == 2 ? kTop : kSkin;
  if (is("upper arm")) return outfit.sleeves >= 1 ? kTop : kSkin;
  if (is("shoulder") || is("chest") || is("upper back") || is("abdomen") || is("lower back")) return outfit.bare_chest ? kSkin : kTop;
  if (is("hip") || is("buttock")) return outfit.dress ? kTop : kTrousers;
  if (is("thigh")) return outfit.dress ? kTop : outfit.trousers >= 1 ? kTrousers : kSkin;
  if (is("lower leg")) return outfit.trousers == 2 && !outfit.dress ? kTrousers : kSkin;
  if (is("foot") || is("sole")) return outfit.shoes ? kShoes : kSkin;
  return kSkin;
}

}  // namespace

Clothes dress(const body::BodyModel& model, const body::ShapedBody& shaped, double variation, Random& random) {
  Outfit outfit;
  Outfit drawn;
  drawn.sleeves = static_cast<int>(random.below(3));
  drawn.trousers = std::min(2, static_cast<int>(random.below(4)));
  drawn.shoes = random.uniform() < 0.8;
  drawn.gloves = random.uniform() < 0.06;
  drawn.bare_chest = random.uniform() < 0.05;
  drawn.dress = random.uniform() < 0.1;
  drawn.hair = static_cast<int>(random.below(5)) / 2;
  // Half of the people in thin cloth, the others in pullovers and jackets, a fifth of all in a coat.
  const double kind = random.uniform();
  drawn.top = static_cast<float>(kind < 0.5 ? random.uniform(0.0, 0.006) : kind < 0.8 ? random.uniform(0.006, 0.02) : random.uniform(0.015, 0.04));
  const double reach = random.uniform();
  if (kind >= 0.8) {
    drawn.coat = static_cast<float>(reach < 0.4 ? 0.1 : reach);
    drawn.bare_chest = false;
  }
  if (kind >= 0.5) drawn.sleeves = 2;
  drawn.legs = static_cast<float>(0.025 * std::pow(random.uniform(), 2.0));
  drawn.head = static_cast<float>(random.uniform(0.0, drawn.hair == 2 ? 0.05 : 0.025));
  drawn.feet = static_cast<float>(random.uniform(0.003, 0.012));
  const std::uint32_t folds = random.next();
  if (variation > 0.0) outfit = drawn;

  Clothes clothes;
  for (int i = 0; i < 6; ++i) clothes.looks.push_back(any_look(random, variation));
  const auto plain = [&](Layer layer, const Colour& colour, float shine) {
    Look& look = clothes.looks[layer];
    look.pattern = Look::Pattern::cloudy;
    look.first = colour;
    look.second = 0.85F * colour;
    look.shine = shine;
  };
  plain(kSkin, skin_colour(random), 0.12F);
  plain(kHair, hair_colour(random), 0.2F);
  // Things people wear are often of one colour.
  for (const Layer layer : {kTop, kTrousers, kShoes, kGloves})
    if (random.uniform() < 0.5) clothes.looks[layer].pattern = Look::Pattern::plain;
  // Coats more often, and mostly dark.
  const bool one_colour = random.uniform() < 0.7;
  const auto dark = static_cast<float>(random.uniform(0.15, 0.6));
  if (outfit.coat > 0 && one_colour) {
    clothes.looks[kTop].pattern = Look::Pattern::plain;
    clothes.looks[kTop].first *= dark;
  }

  const auto& parts = model.vertex_parts();
  const auto& names = model.part_names();
  clothes.layer.resize(parts.size());
  clothes.thickness.assign(parts.size(), 0.0F);
  // Hair grows on the head above and behind the face; long hair covers the neck.
  float low = 1e9F, high = -1e9F;
  for (std::size_t v = 0; v < parts.size(); ++v) {
    if (names[parts[v]] != "head") continue;
    low = std::min(low, shaped.rest_vertices(static_cast<Eigen::Index>(v), 1));
    high = std::max(high, shaped.rest_vertices(static_cast<Eigen::Index>(v), 1));
  }
  const float hairline = low + 0.45F * (high - low);
  float hip = -1e9F, knee = 1e9F;
  for (std::size_t v = 0; v < parts.size(); ++v) {
    if (!names[parts[v]].ends_with("thigh")) continue;
    hip = std::max(hip, shaped.rest_vertices(static_cast<Eigen::Index>(v), 1));
    knee = std::min(knee, shaped.rest_vertices(static_cast<Eigen::Index>(v), 1));
  }
  const float hem = hip - outfit.coat * (hip - knee);
  for (std::size_t v = 0; v < parts.size(); ++v) {
    const std::string& name = names[parts[v]];
    clothes.layer[v] = layer_of(name, outfit);
    const float height = shaped.rest_vertices(static_cast<Eigen::Index>(v), 1);
    const bool upper_leg = name.ends_with("hip") || name.ends_with("buttock") || name.ends_with("thigh");
    if (outfit.coat > 0 && upper_leg && height >= hem) clothes.layer[v] = kTop;
    if (outfit.hair > 0 && name == "head" && height > hairline) clothes.layer[v] = kHair;
    if (outfit.hair == 2 && (name == "neck" || name == "head") && shaped.rest_vertices(static_cast<Eigen::Index>(v), 2) < 0.0F) clothes.layer[v] = kHair;
    const float off[] = {0.0F, outfit.head, outfit.top, outfit.legs, outfit.feet, 0.004F};   // by the layers
    const Eigen::Vector3f place = shaped.rest_vertices.row(static_cast<Eigen::Index>(v)).transpose();
    if (variation > 0.0) clothes.thickness[v] = off[clothes.layer[v]] * (0.5F + noise(kFold * place, folds));
  }
  return clothes;
}

geometry::Vertices dressed(const geometry::Vertices& vertices, const geometry::Faces& faces, const Clothes& clothes, const std::vector<std::uint8_t>& touched) {
  std::vector<Eigen::Index> pressed;
  for (std::size_t v = 0; v < touched.size(); ++v)
    if (touched[v] != 0) pressed.push_back(static_cast<Eigen::Index>(v));
  const std::size_t step = std::max<std::size_t>(1, pressed.size() / kFewTouched);
  const geometry::Vertices normals = geometry::vertex_normals({vertices, faces});
  geometry::Vertices moved = vertices;
  for (Eigen::Index v = 0; v < vertices.rows(); ++v) {
    const float thickness = clothes.thickness[static_cast<std::size_t>(v)];
    if (thickness <= 0.0F) continue;
    float nearest2 = kPressed * kPressed;
    for (std::size_t i = 0; i < pressed.size(); i += step) nearest2 = std::min(nearest2, (vertices.row(pressed[i]) - vertices.row(v)).squaredNorm());
    moved.row(v) += thickness * (std::sqrt(nearest2) / kPressed) * normals.row(v);
  }
  return moved;
}

}  // namespace tactus::synth
