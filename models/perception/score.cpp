#include "tactus/perception/score.h"

#include <limits>

#include "data_set.h"
#include "tactus/error.h"
#include "tactus/perception/weights.h"
#include "validation.h"

namespace tactus::perception {

std::map<std::string, double> score(const std::filesystem::path& weights, const synth::SceneMaker& maker, const ScoreOptions& options,
                                    const Progress& progress) {
  if (options.pictures < 1) throw bad_input("photographs: " + std::to_string(options.pictures) + " were asked for; at least 1 is needed");
  if (!(options.without_person >= 0.0 && options.without_person <= 1.0))
    throw bad_input("photographs: the part without a person must lie in [0, 1]");
  const WeightsInfo info = read_weights_info(weights);
  const Network network = load_weights(weights, info);
  DataOptions data;
  data.seed = options.seed;
  data.pictures = options.pictures;
  data.side = options.side;
  data.supersampling = options.supersampling;
  data.without_person = options.without_person;
  data.memory_gb = std::numeric_limits<double>::infinity();
  const DataSet pictures(data, maker, info.categories, progress.part(0.0, 0.4));
  return validate(network, pictures, info, progress.part(0.4, 1.0));
}

}  // namespace tactus::perception
