#include "tactus/evidence/from_marks.h"

#include "tactus/error.h"

namespace tactus::evidence {

body::PhotoBody body_from_marks(const body::BodyModel& model, const contact::Marks& marks, int photo_width, int photo_height,
                                const body::BodyFitOptions& options, const Progress& progress) {
  if (!marks.keypoints) throw bad_input("marks: no joints are among them; the body cannot be fitted without");
  body::BodyFitInput input;
  input.photo_width = photo_width;
  input.photo_height = photo_height;
  input.keypoints = *marks.keypoints;
  input.person_mask = marks.human_mask;
  return body::photo_body_from_fit(model, body::fit_body(model, input, options, progress));
}

}  // namespace tactus::evidence
