// Scores of perception weights on made photographs. No torch types here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "tactus/progress.h"
#include "tactus/synth/scene.h"

namespace tactus::perception {

// The names and meanings of TrainOptions.
struct ScoreOptions {
  std::int64_t pictures = 200;
  std::uint64_t seed = 1;
  int side = 256;                  // larger side of a picture, pixels; the same for all weights, so that they can be compared
  int supersampling = 2;
  double without_person = 0.06;
};

// Found with all looks, as Perceiver does, on pictures of the maker's split:
// iou_torso, iou_head, iou_legs, iou_arms, iou_feet, iou_hands   pixels of the group's parts, sides kept apart, over all pictures
// iou_person, iou_object                    over all pictures, over all questions about a thing that is there
// joint_error, joint_error_median           distance over the larger side of the box around all joints of the person, of the joints
//                                           found within the photograph; 1 where none is found
// joints_found                              part of the joints within the photograph
// left_right                                part of the found shoulders, elbows, wrists, hips, knees and ankles that lie nearer to
//                                           their own place than to that of the other side's
// object_false, person_false                part of the questions about a category that is not there, and of the pictures without a
//                                           person, where something was found
// thing_auc                                 chance that Looks::thing of a thing that is there is above that of one that is not; 0.5 where
//                                           things are not named
// The same numbers however many threads. Error{bad_input}: no weights of this network, options out of range.
std::map<std::string, double> score(const std::filesystem::path& weights, const synth::SceneMaker& maker, const ScoreOptions& options,
                                    const Progress& progress = {});

}  // namespace tactus::perception
