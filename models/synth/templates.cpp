// Which interactions there are, and how one is made.
#include <algorithm>
#include <array>

#include "draft.h"

namespace tactus::synth {

std::string_view interaction_name(Interaction interaction) {
  static constexpr std::array<std::string_view, kInteractionCount> names = {
      "none",       "sit",        "lie",   "lean",  "stand on", "ride",  "hold left",    "hold right", "hold in both hands", "on the lap",
      "carry on back", "carry on shoulder", "wear", "kick", "press", "play", "look through", "push", "pull"};
  return names[static_cast<std::size_t>(interaction)];
}

const std::vector<std::pair<std::string, Interaction>>& known_pairs() {
  static const std::vector<std::pair<std::string, Interaction>> all = [] {
    std::vector<std::pair<std::string, Interaction>> list;
    const auto add = [&](Interaction interaction, std::initializer_list<const char*> categories) {
      for (const char* category : categories) list.emplace_back(category, interaction);
    };
    add(Interaction::sit, {"chair", "stool", "bench", "couch", "bed", "table", "suitcase", "box", "ball"});
    for (const Interaction hand : {Interaction::hold_left, Interaction::hold_right})
      add(hand, {"bottle", "cup", "bowl", "knife", "hammer", "broom", "umbrella", "book", "phone", "bat", "racket", "dumbbell", "frisbee",
                 "tennis ball", "ball", "suitcase", "backpack", "guitar", "laptop", "skateboard", "snowboard"});
    add(Interaction::hold_both, {"ball", "box", "book", "bowl", "laptop", "broom", "bat", "racket", "suitcase", "backpack", "skateboard", "snowboard",
                                 "surfboard", "stool", "chair", "frisbee", "phone"});
    add(Interaction::lie, {"bed", "bed", "couch", "bench"});
    add(Interaction::lean, {"table", "chair", "couch", "bench", "stool", "motorcycle", "table"});
    add(Interaction::stand, {"skateboard", "snowboard", "surfboard", "bench", "box", "bed", "skateboard", "snowboard", "surfboard", "chair"});
    add(Interaction::ride, {"bicycle", "motorcycle"});
    add(Interaction::lap, {"laptop"});
    add(Interaction::carry_back, {"backpack", "backpack", "guitar"});
    add(Interaction::carry_shoulder, {"bat", "broom", "umbrella"});
    add(Interaction::wear, {"backpack"});
    add(Interaction::kick, {"ball", "ball", "tennis ball", "box"});
    add(Interaction::press, {"phone", "laptop", "camera on a tripod"});
    add(Interaction::play, {"guitar"});
    add(Interaction::look, {"camera on a tripod"});
    add(Interaction::push, {"suitcase", "chair", "bicycle", "table", "couch", "motorcycle"});
    add(Interaction::pull, {"suitcase", "chair", "bicycle", "table"});
    return list;
  }();
  return all;
}

bool stays_on_the_floor(std::string_view category) {
  static constexpr std::array<std::string_view, 12> floor = {"chair", "stool",    "bench",     "couch",      "table",      "bed",
                                                             "suitcase", "camera on a tripod", "bicycle", "motorcycle", "skateboard", "snowboard"};
  return std::find(floor.begin(), floor.end(), category) != floor.end();
}

bool is_held(std::string_view category) {
  return std::any_of(known_pairs().begin(), known_pairs().end(), [&](const auto& pair) {
    return pair.first == category && (pair.second == Interaction::hold_left || pair.second == Interaction::hold_both);
  });
}

bool apply_template(Draft& draft, PlacedThing& placed, Interaction interaction) {
  placed.interaction = interaction;
  placed.placement = Placement::touched;
  switch (interaction) {
    case Interaction::sit: return sit_on(draft, placed);
    case Interaction::hold_left:
    case Interaction::hold_right:
    case Interaction::hold_both:
      if (draft.things.empty()) {
        if (draft.chance(0.8)) stand(draft);
        else sit_in_the_air(draft);
      }
      return hold(draft, placed, interaction);
    case Interaction::lie: return lie_on(draft, placed);
    case Interaction::lean: return lean_on(draft, placed);
    case Interaction::stand: return stand_on(draft, placed);
    case Interaction::ride: return ride(draft, placed);
    case Interaction::lap: return on_the_lap(draft, placed);
    case Interaction::carry_back: return carry_on_back(draft, placed, false);
    case Interaction::wear: return carry_on_back(draft, placed, true);
    case Interaction::carry_shoulder: return carry_on_shoulder(draft, placed);
    case Interaction::kick: return kick(draft, placed);
    case Interaction::press: return press(draft, placed);
    case Interaction::play: return play(draft, placed);
    case Interaction::look: return look_through(draft, placed);
    case Interaction::push: return push_or_pull(draft, placed, true);
    case Interaction::pull: return push_or_pull(draft, placed, false);
    case Interaction::none: break;
  }
  return false;
}

}  // namespace tactus::synth
