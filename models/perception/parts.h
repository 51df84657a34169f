// Parts of a person and joints as the network names them, and who is whose mirror image.
#pragma once

#include <array>
#include <string_view>

#include "tactus/body/keypoints.h"

namespace tactus::perception {

inline constexpr int kPartClasses = 15;
inline constexpr std::array<std::string_view, kPartClasses> kPartClassNames = {
    "background",     "head",        "torso",            "left upper arm",  "left forearm", "left hand",   "left thigh",
    "left lower leg", "left foot",   "right upper arm",  "right forearm",   "right hand",   "right thigh", "right lower leg",
    "right foot"};

// The class of a part of the body model ("left fingers" → "left hand"). Error{bad_input} for a part that belongs nowhere.
int part_class(std::string_view part_name);

// Left and right changed.
int mirrored_class(int part_class);
int mirrored_joint(int joint);

// The groups that scores are told by; sides stay apart within one.
struct PartGroup {
  std::string_view name;
  std::array<int, 4> classes;   // filled up with -1
};
inline constexpr std::array<PartGroup, 6> kPartGroups = {{{"torso", {2, -1, -1, -1}},
                                                          {"head", {1, -1, -1, -1}},
                                                          {"legs", {6, 7, 12, 13}},
                                                          {"arms", {3, 4, 9, 10}},
                                                          {"feet", {8, 14, -1, -1}},
                                                          {"hands", {5, 11, -1, -1}}}};

}  // namespace tactus::perception
