// Masks as people and networks draw them: the true ones, worn.
#pragma once

#include "tactus/evidence/observation.h"
#include "tactus/random.h"

namespace tactus::synth {

int count_inside(const ImageU8& mask);

// Moves the outline in or out by up to 3 pixels (unevenly), shifts the mask by up to 2, takes bites out of it; all of it times
// `scale`. 0 leaves it as it is.
ImageU8 worn(const ImageU8& mask, double scale, Random& random);

// A half or more of it cut away by a straight line.
ImageU8 cut_in_part(const ImageU8& mask, Random& random);

// An ellipse of a thing that is not there: half of the time over the person.
ImageU8 blob(const ImageU8& person, Random& random);

}  // namespace tactus::synth
