// Photographs of made scenes: the truth drawn with much that does not matter varied at random, so that a network cannot lean
// on it (light, shadow, cloth, skin, hair, surroundings, things in the way, blur, noise, compression).
#pragma once

#include "tactus/body/body_model.h"
#include "tactus/image.h"
#include "tactus/progress.h"
#include "tactus/synth/scene.h"

namespace tactus::synth {

struct PictureOptions {
  int larger_side = 320;        // pixels; the scene's camera is scaled to it
  int supersampling = 2;        // samples a pixel and direction
  double variation = 1.0;       // 0: even light, plain grey surroundings, one cloth, no degradation; 1: everything varied
};

// Values of Picture::labels.
enum Label : std::uint8_t { kNothing = 0, kBody = 1, kInTheWay = 2, kFirstObject = 3 };   // kFirstObject + k: Scene::objects[k]

struct Picture {
  ImageU8 rgb;
  ImageU8 labels;               // what the pixel's middle shows
  ImageU8 body_parts;           // the body model's part index + 1; 0 where no body is seen
  geometry::PinholeCamera camera;   // of this picture
};

// One thread; the same bytes for the same scene, options and state of `random`. A large picture takes half a second; nothing is
// reported.
Picture draw(const Scene& scene, const body::BodyModel& model, const PictureOptions& options, Random& random, const Progress& progress = {});

// The artefacts of JPEG at a quality of 1–100: 8×8 cosine transform of luminance and halved chrominance, the standard's example
// tables (ITU-T T.81, annex K) scaled as is common. Sides need not be multiples of 8.
ImageU8 jpeg_artefacts(const ImageU8& rgb, int quality);

}  // namespace tactus::synth
