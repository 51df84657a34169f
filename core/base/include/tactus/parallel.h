// Loops over several threads of one shared pool.
#pragma once

#include <cstddef>
#include <functional>

namespace tactus {

// Threads that parallel_for uses, the caller's included. Default: the machine's cores.
// The environment variable TACTUS_THREADS sets another number.
int thread_count();

// Calls body(begin, end) over disjoint pieces of [0, count) that together cover it; blocks until all are done.
// Pieces are at least `grain` long and their bounds depend on `count` and `grain` alone, never on the number of
// threads, so that sums kept a piece are the same on every machine. The first exception is rethrown here.
// A call from inside a body runs in line.
void parallel_for(std::size_t count, std::size_t grain,
                  const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace tactus
