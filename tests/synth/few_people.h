// Makes scenes of a few training bodies and of one object a category: quick to set up.
#pragma once

#include <memory>

#include "tactus/io/body_files.h"
#include "tactus/synth/scene.h"

namespace tactus::synth {

inline SceneMaker few_people(int bodies) {
  SceneMaker::Options few;
  few.bodies = bodies;
  few.instances = 1;
  return SceneMaker(std::make_shared<body::BodyModel>(io::read_body_model(TACTUS_BINARY_DIR "/share/tactus/body.tbm")), Split::train, few);
}

}  // namespace tactus::synth
