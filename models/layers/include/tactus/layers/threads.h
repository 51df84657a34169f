// How many threads libtorch takes. No torch types here.
#pragma once

namespace tactus::layers {

// For work that gives each thread prompts or pictures of its own: libtorch's threads within them would mostly wait for each other. To be
// said before any network is opened: a thread keeps what it begins with, and weights are read by all threads. (Training with a
// perception took 1.7 times as long without it.)
void compute_in_one_thread_each();

}  // namespace tactus::layers
