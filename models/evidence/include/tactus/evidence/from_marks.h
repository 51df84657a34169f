// From marks alone to what the model is told: the body is fitted to them as an analysis fits it.
#pragma once

#include "tactus/body/photo_body.h"
#include "tactus/evidence/observation.h"

namespace tactus::evidence {

// Frame photo. Error{bad_input} as body::fit_body: marks without joints, or with too few of them. Takes up to a second.
body::PhotoBody body_from_marks(const body::BodyModel& model, const contact::Marks& marks, int photo_width, int photo_height,
                                const body::BodyFitOptions& options, const Progress& progress = {});

}  // namespace tactus::evidence
