// The description of the weights as the metadata of their file.
#pragma once

#include <map>
#include <string>

#include "tactus/compact/weights_info.h"

namespace tactus::compact {

std::map<std::string, std::string> to_metadata(const WeightsInfo& info);

}  // namespace tactus::compact
