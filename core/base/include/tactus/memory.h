// The machine's memory.
#pragma once

namespace tactus {

// Bytes that programs may still take without the machine starting to swap; 0 where the system does not say.
double available_memory();

}  // namespace tactus
