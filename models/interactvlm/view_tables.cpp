#include "tactus/interactvlm/view_tables.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <map>

#include "tactus/error.h"
#include "tactus/views/view_camera.h"

namespace tactus::interactvlm {
namespace {

using Table = const std::vector<views::ViewCamera>& (*)();

// Null: one picture with a grid of views, about which the network is told nothing.
const std::map<std::string, Table>& tables() {
  static const std::map<std::string, Table> all = {
      {"4MV-Z_Vitru", &views::body_views},
      {"4MV-Z_Vitru_mv2", &views::body_views},
      {"4MV-Z_Vitru_FootGround", &views::body_views},
      {"4MV-Z_Vitru_wScene", &views::body_views},   // the former name of FootGround
      {"4MV-Z_HM", &views::object_views},
      {"4MV-Z_HM1", &views::object_views},
      {"4MV-Z_HM2", &views::object_views},
      {"4MV-Z_HM_MeshInf", &views::object_views},
      {"4MV-Z_HM_BM", &views::object_views},
      {"4MV-Z_HM_BM-L", &views::object_views},
      {"4MV-Z_Fix", &views::object_views},
      {"10MV-Z_HM", &views::ten_views},
      {"4MV-XY_Fix", nullptr},
      {"4MV-XY_Rand", nullptr},
  };
  return all;
}

}  // namespace

const std::vector<std::string>& view_types() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> keys;
    for (const auto& [name, table] : tables()) keys.push_back(name);
    return keys;
  }();
  return names;
}

const std::vector<views::ViewCamera>& view_cameras(const std::string& view_type) {
  static const std::vector<views::ViewCamera> none;
  const auto found = tables().find(view_type);
  if (found == tables().end()) {
    std::string known;
    for (const std::string& name : view_types()) known += (known.empty() ? "" : ", ") + name;
    throw bad_input("there is no table of views called \"" + view_type + "\"; known are " + known);
  }
  return found->second == nullptr ? none : found->second();
}

at::Tensor camera_vectors(const std::string& view_type, std::int64_t views) {
  std::vector<std::array<float, 5>> rows;
  for (const views::ViewCamera& view : view_cameras(view_type)) rows.push_back(views::normalised_parameters(view));
  if (rows.empty()) rows.emplace_back();   // five zeros
  const auto count = static_cast<std::int64_t>(rows.size());
  if (views != count) {
    throw bad_input("the views \"" + view_type + "\" are " + std::to_string(count) + ", but the network was made for " +
                    std::to_string(views));
  }
  at::Tensor vectors = at::zeros({count, 5});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), vectors.data_ptr<float>() + 5 * i);
  }
  return vectors;
}

}  // namespace tactus::interactvlm
