// Scores on the validation split, and the thresholds that the weights are shipped with.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data_set.h"
#include "tactus/compact/network.h"
#include "tactus/compact/weights_info.h"
#include "tactus/progress.h"

namespace tactus::training {

// Sets the thresholds, the gate and the temperatures of `info`. Scores: human_f1, human_precision, human_recall, prior_f1,
// left_right_accuracy, false_contact, near_miss_false_contact, empty_mask_false_contact, missed, object_f1, presence_auc,
// f1_<interaction>. Replicas share one network's weights; each works on prompts of its own.
std::map<std::string, double> validate(const std::vector<compact::Network>& replicas, const DataSet& data,
                                       const evidence::BodySample& sample, const at::Tensor& prior, int slice,
                                       compact::WeightsInfo& info, const Progress& progress);

// On prompts that a perception marked: sets the threshold and the gate for guesses, by the rules of the others, after validate() has set
// the temperatures. Scores: photo_f1, photo_prior_f1 (the category prior at its own best threshold on the same prompts), photo_missed,
// photo_false_contact, photo_presence_auc.
std::map<std::string, double> validate_photographs(const std::vector<compact::Network>& replicas, const DataSet& data, const at::Tensor& prior,
                                                   int slice, compact::WeightsInfo& info, const Progress& progress);

}  // namespace tactus::training
