#include "clothing.h"

#include <algorithm>
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
};

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

  const auto& parts = model.vertex_parts();
  const auto& names = model.part_names();
  clothes.layer.resize(parts.size());
  // Hair grows on the head above and behind the face; long hair covers the neck.
  float low = 1e9F, high = -1e9F;
  for (std::size_t v = 0; v < parts.size(); ++v) {
    if (names[parts[v]] != "head") continue;
    low = std::min(low, shaped.rest_vertices(static_cast<Eigen::Index>(v), 1));
    high = std::max(high, shaped.rest_vertices(static_cast<Eigen::Index>(v), 1));
  }
  const float hairline = low + 0.45F * (high - low);
  for (std::size_t v = 0; v < parts.size(); ++v) {
    const std::string& name = names[parts[v]];
    clothes.layer[v] = layer_of(name, outfit);
    const float height = shaped.rest_vertices(static_cast<Eigen::Index>(v), 1);
    if (outfit.hair > 0 && name == "head" && height > hairline) clothes.layer[v] = kHair;
    if (outfit.hair == 2 && (name == "neck" || name == "head") && shaped.rest_vertices(static_cast<Eigen::Index>(v), 2) < 0.0F) clothes.layer[v] = kHair;
  }
  return clothes;
}

}  // namespace tactus::synth
