#include "tactus/memory.h"

#include <fstream>
#include <string>

namespace tactus {

double available_memory() {
  std::ifstream info("/proc/meminfo");
  std::string word;
  while (info >> word) {
    if (word == "MemAvailable:") {
      double kb = 0;
      info >> kb;
      return kb * 1024.0;
    }
  }
  return 0.0;
}

}  // namespace tactus
