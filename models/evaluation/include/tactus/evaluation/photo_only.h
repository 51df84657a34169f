// Contact from the photograph alone, as an analysis without any mark by hand answers: a perception finds joints and masks, the
// body is fitted to them (body::fit_body), the model answers; without joints or without the object's mask the prior does.
#pragma once

#include "tactus/contact/perceiver.h"
#include "tactus/evaluation/evaluate.h"

namespace tactus::evaluation {

struct PhotoOnlyOptions {
  int prompts = 300;            // about touched things
  int untouched = 100;          // about things that nobody touches
  synth::PictureOptions picture = {.larger_side = 640};
  body::BodyFitOptions fit;
};
// Error{bad_input}: a value out of range.
void validate(const PhotoOnlyOptions& options);

// One prompt, asked.
struct PhotoAnswered {
  contact::Marks marks;                     // that were found
  bool from_photo = false;                  // the model answered; else the prior
  Policy policy;                            // of whoever answered
  SamplePrediction said;
  double fit_error_m = 0;
};
// `rgb`: source.photograph() of the prompt's scene. The thing is the library's usual one of the category, since a photograph
// alone tells no more.
PhotoAnswered answer_from_photo(const ScenePrompts& source, const Prompt& prompt, const ImageU8& rgb, const contact::Perceiver& perceiver,
                                const std::array<Candidate, kWhoCount>& candidates, const PhotoOnlyOptions& options, const Progress& progress);

// The first scored prompts of `evaluation`, and the first about untouched things, which must be one of these candidates on `source`: their photographs are drawn and
// asked. The truth stays Prompt::body_truth. The same numbers however many threads. Error{bad_input} as validate().
PhotoOnly photo_only(const Evaluation& evaluation, const ScenePrompts& source, const contact::Perceiver& perceiver,
                     const std::array<Candidate, kWhoCount>& candidates, const PhotoOnlyOptions& options, const Progress& progress);

}  // namespace tactus::evaluation
