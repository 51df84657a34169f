// Scores on made photographs; score.h says what they are.
#pragma once

#include <map>
#include <string>

#include "data_set.h"
#include "tactus/perception/network.h"
#include "tactus/perception/weights_info.h"
#include "tactus/progress.h"

namespace tactus::perception {

// By the threshold of `info` for things.
std::map<std::string, double> validate(Network network, const DataSet& data, const WeightsInfo& info, const Progress& progress);
// The same, after that threshold was chosen: of the things that are there and found, at most one in twenty may be denied.
std::map<std::string, double> validate_and_choose(Network network, const DataSet& data, WeightsInfo& info, const Progress& progress);

}  // namespace tactus::perception
