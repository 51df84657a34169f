#include "stage_dump.h"

#include "tactus/error.h"
#include "tactus/io/npz.h"

namespace tactus::cli {

void dump_stages(const std::filesystem::path& file, const app::Stages& stages) {
  if (file.extension() != ".npz") throw bad_input(file.string() + ": --dump-tensors writes NumPy archives; give the file a name that ends in .npz");
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path());
  io::NpzWriter npz(file);
  for (const auto& [name, array] : stages) {
    if (!array.integers.empty()) {
      npz.add(name, array.shape, std::span<const std::int64_t>(array.integers));
    } else {
      npz.add(name, array.shape, std::span<const float>(array.values));
    }
  }
  npz.finish();
}

}  // namespace tactus::cli
