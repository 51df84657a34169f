// From the published files to values on the vertices (METHOD.md §2.10–2.14), against the Python reference: pictures,
// maps, lift dictionaries and the mapping to SMPL-X are read from disk.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "interactvlm_cases.h"
#include "tactus/contact/lift.h"
#include "tactus/io/official_contact.h"
#include "tactus/io/picture.h"
#include "tactus/render/cpu.h"

namespace tactus::interactvlm {
namespace {

using parity::Case;

class Files : public ::testing::TestWithParam<Case> {};

std::vector<Case> lifted_cases() {
  std::vector<Case> found;
  for (const Case& c : parity::cases())
    if (parity::expected(c).contains("vertex_contact")) found.push_back(c);
  return found;
}

at::Tensor row_of(const Eigen::VectorXf& values) {
  return at::from_blob(const_cast<float*>(values.data()), {static_cast<std::int64_t>(values.size())}).clone();
}

TEST_P(Files, VertexContact) {
  const Case& c = GetParam();
  const auto wanted = parity::expected(c);
  const Task task = task_of(c.task).value();
  const auto renderer = render::make_cpu_view_renderer();
  const auto data = parity::common() / c.data;
  const auto object = (parity::common() / c.photo).parent_path();
  const auto model = parity::model_of(c);
  io::CanonicalPictures views = is_human(task)
                                    ? io::read_body_pictures(data, *renderer, {})
                                    : io::read_object_pictures(object, model->object_cameras(), *renderer, {}).views;
  const auto mapping = io::SmplxMapping::find(data);
  if (is_human(task) && mapping) views.vertex_count = mapping->smpl_vertices();
  ASSERT_EQ(views.pictures.size(), c.pictures.size());
  for (std::size_t i = 0; i < c.pictures.size(); ++i)
    EXPECT_EQ(views.pictures[i], parity::picture(c.pictures[i])) << views.names[i];
  const ImageU8 photo = io::read_picture(parity::common() / c.photo);
  EXPECT_EQ(photo, parity::picture(c.photo));

  Query query{.photo = photo, .prompt = c.prompt, .pictures = {}};
  query.task = task;
  for (const auto& picture : views.pictures) query.pictures.push_back(&picture);
  const Answer answer = model->ask(query, {});
  std::vector<const views::RasterMaps*> maps;
  for (const auto& map : views.maps) maps.push_back(&map);
  contact::LiftOptions options;
  options.mode = Mode::official;
  const auto lift = is_human(task) ? contact::lift_body : contact::lift_object;
  const auto contact = lift(answer.masks, maps, views.vertex_count, options);
  const at::Tensor found = row_of(contact.probability), expected = wanted.at("vertex_contact")[0];
  if (c.precision == "bf16") {   // probabilities of masks that two right bf16 runs give several per cent apart
    EXPECT_LT((found - expected).abs().max().item<float>(), 0.06F);
    return;
  }
  const std::string wrong = parity::difference(found, expected, c.precision);
  EXPECT_EQ(wrong, "") << "vertex_contact " << wrong;

  ASSERT_EQ(is_human(task) && mapping.has_value(), wanted.contains("vertex_contact_smplx"));
  if (is_human(task) && mapping) {
    const std::string off = parity::difference(row_of(mapping->apply(contact.probability)),
                                               wanted.at("vertex_contact_smplx"), c.precision);
    EXPECT_EQ(off, "") << "vertex_contact_smplx " << off;
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, Files, ::testing::ValuesIn(lifted_cases()), parity::name_of);

}  // namespace
}  // namespace tactus::interactvlm
