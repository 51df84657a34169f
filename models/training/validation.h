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

}  // namespace tactus::training
