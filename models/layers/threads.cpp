#include "tactus/layers/threads.h"

#include <ATen/Parallel.h>

namespace tactus::layers {

void compute_in_one_thread_each() { at::set_num_threads(1); }

}  // namespace tactus::layers
