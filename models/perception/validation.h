// Scores on made photographs; score.h says what they are.
#pragma once

#include <map>
#include <string>

#include "data_set.h"
#include "tactus/perception/network.h"
#include "tactus/progress.h"

namespace tactus::perception {

std::map<std::string, double> validate(Network network, const DataSet& data, const Progress& progress);

}  // namespace tactus::perception
