// Marks that a network found in the photograph, among those that the user made. A guess never takes the place of a mark, and
// what the user changes is a mark from then on.
#pragma once

#include <string>

#include "tactus/contact/perceiver.h"
#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {

// The library's category that the inputs are about, from the object's name, else from the prompt; empty: none.
std::string category_of(const Inputs& inputs);

// Whether the body or the object could not be placed for lack of marks.
bool lacks_marks(const Inputs& inputs);

struct GuessWhat {
  bool person = true;    // joints and mask
  bool object = true;
};
// What is not marked, or was guessed before, from the percept; flagged in inputs.guessed. Earlier guesses that the percept does
// not confirm go. The person is not guessed beside a body given from elsewhere, or beside as many marked joints as the body's
// fit needs: a guessed mask would only spoil that fit.
void add_guesses(Inputs& inputs, const contact::Percept& percept, const GuessWhat& what = {});

// Part of the marked joints that was guessed, in [0, 1]; 0 beside a body from elsewhere, which was not fitted to them.
double joints_guessed(const Inputs& inputs);
bool object_mask_guessed(const Inputs& inputs);

// What a predictor is told of the inputs' marks, and how many of them were guessed.
contact::Marks marks_of(const Inputs& inputs);

// Takes the flag from every mark of `after` that is not as it was in `before`.
void keep_changes(const Inputs& before, Inputs& after);

// "19 joints, the person's mask and the bottle's mask", "… mask (doubtful)"; empty when nothing was guessed.
std::string guesses_in_words(const Inputs& inputs);

}  // namespace tactus::pipeline
