#pragma once

#include <string>
#include <vector>

#include "tactus/body/body_model_data.h"

namespace tactus::io {

// Names each vertex by the bone that moves it most and, on the torso, head and feet, by the way it faces.
void name_parts(body::BodyModelData& data);

}  // namespace tactus::io
