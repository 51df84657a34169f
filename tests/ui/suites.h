// The suites of the window's tests, each in its own file.
#pragma once

#include <QObject>
#include <memory>
#include <vector>

namespace tactus::test {

using MakeSuite = std::unique_ptr<QObject> (*)();
std::unique_ptr<QObject> make_photograph_suite();   // the left panel alone
std::unique_ptr<QObject> make_window_suite();
std::unique_ptr<QObject> make_scene_suite();        // viewport, timeline, plots
std::unique_ptr<QObject> make_painting_suite();
std::unique_ptr<QObject> make_live_suite();         // dragging, cancelling, failing, trying again
std::unique_ptr<QObject> make_files_suite();
std::unique_ptr<QObject> make_models_suite();        // folders of weights, the answer as it comes
std::unique_ptr<QObject> make_checkpoints_suite();   // real ones, tiny
std::unique_ptr<QObject> make_masks_suite();         // clicks, boxes and words on the photograph
std::unique_ptr<QObject> make_guesses_suite();       // what a network finds in the photograph
std::unique_ptr<QObject> make_manners_suite();      // names, contrast, keyboard, sizes
std::unique_ptr<QObject> make_scaled_suite();       // alone, at 200 %

struct Suite {
  const char* name;
  MakeSuite make;
  bool alone = false;                               // only when asked for by name
};

inline std::vector<Suite> suites() {
  return {{"window", make_window_suite},     {"photograph", make_photograph_suite},   {"scene", make_scene_suite},
          {"painting", make_painting_suite}, {"live", make_live_suite},               {"files", make_files_suite},
          {"models", make_models_suite},     {"checkpoints", make_checkpoints_suite}, {"masks", make_masks_suite},
          {"guesses", make_guesses_suite},   {"manners", make_manners_suite},         {"scaled", make_scaled_suite, true}};
}

}  // namespace tactus::test
