// SMPL, SMPL-H, SMPL-X: files of every kind, and shape and pose against numpy (make_smpl_fixtures.py).
#include <gtest/gtest.h>

#include <unistd.h>

#include <cmath>
#include <fstream>
#include <numbers>

#include "fixture.h"
#include "tactus/body/smpl_model.h"
#include "tactus/error.h"
#include "tactus/io/smpl_model.h"
#include "tactus/random.h"

namespace tactus::body {
namespace {

namespace fs = std::filesystem;

fs::path fixture_path(const std::string& name) { return fs::path(TACTUS_FIXTURES) / name; }

const SmplModel& small_model() {
  static const SmplModel model(io::read_smpl_model(fixture_path("smpl_small.npz")));
  return model;
}

Eigen::Map<const SmplRows> rows_of(const io::NumericArray& array, std::size_t row_set) {
  const auto rows = static_cast<Eigen::Index>(array.shape[array.shape.size() - 2]);
  return {array.values.data() + static_cast<Eigen::Index>(row_set) * rows * 3, rows, 3};
}

// A model with random numbers whose sizes fit `joints`; a chain of joints.
SmplModelData random_model(int vertices, int joints, int shapes, bool hands) {
  Random random(7);
  SmplModelData d;
  const auto fill = [&](auto& matrix, Eigen::Index rows, Eigen::Index columns) {
    matrix.resize(rows, columns);
    for (Eigen::Index i = 0; i < matrix.size(); ++i)
      matrix.data()[i] = static_cast<std::remove_reference_t<decltype(*matrix.data())>>(random.uniform(-0.5, 0.5));
  };
  fill(d.template_vertices, vertices, 3);
  d.faces.resize(vertices - 2, 3);
  for (int f = 0; f < vertices - 2; ++f) d.faces.row(f) << f, f + 1, f + 2;
  for (int k = 0; k < joints; ++k) d.parents.push_back(k - 1);
  fill(d.shape_directions, 3 * vertices, shapes);
  fill(d.pose_directions, 3 * vertices, 9 * (joints - 1));
  fill(d.joint_regressor, joints, vertices);
  d.skin_weights = SmplTable::Constant(vertices, joints, 1.0F / static_cast<float>(joints));
  if (hands) {
    fill(d.left_hand_mean, 45, 1);
    fill(d.right_hand_mean, 45, 1);
    fill(d.left_hand_components, 45, 45);
    fill(d.right_hand_components, 45, 45);
  }
  return d;
}

TEST(SmplModel, ShapesAndPosesAsNumpyDoes) {
  const io::Fixture fixture("smpl_posed.npz");
  const auto betas = fixture["betas"], poses = fixture["pose"], translations = fixture["translation"],
             vertices = fixture["vertices"], joints = fixture["joints"];
  const SmplModel& model = small_model();
  EXPECT_EQ(model.vertex_count(), 50);
  EXPECT_EQ(model.joint_count(), 6);
  EXPECT_EQ(model.shape_count(), 7);
  EXPECT_EQ(model.expression_count(), 0);
  EXPECT_EQ(model.family(), SmplFamily::other);
  for (std::size_t c = 0; c < 5; ++c) {
    const Eigen::Map<const Eigen::VectorXd> beta(betas.values.data() + 7 * c, 7);
    const Eigen::Map<const Eigen::Vector3d> translation(translations.values.data() + 3 * c);
    const SmplShaped shaped = model.shape(beta);
    const SmplPosed posed = model.pose(shaped, rows_of(poses, c), translation);
    EXPECT_LT((posed.vertices.cast<double>() - rows_of(vertices, c)).cwiseAbs().maxCoeff(), 1e-5) << "case " << c;
    EXPECT_LT((posed.joints - rows_of(joints, c)).cwiseAbs().maxCoeff(), 1e-5) << "case " << c;
    for (int k = 0; k < 6; ++k) {
      const Eigen::Vector3d moved =
          posed.posed_from_rest[static_cast<std::size_t>(k)] * shaped.joints.row(k).transpose();
      EXPECT_LT((moved.transpose() - posed.joints.row(k)).norm(), 1e-9);
    }
  }
}

TEST(SmplModel, ZeroPoseIsTheTemplate) {
  for (const auto& model : {SmplModel(random_model(60, 24, 10, false)), SmplModel(random_model(60, 55, 20, true))}) {
    const SmplPosed posed = model.pose(model.shape({}), model.rest_pose());
    EXPECT_LT((posed.vertices.cast<double>() - model.data().template_vertices).cwiseAbs().maxCoeff(), 1e-5);
  }
}

TEST(SmplModel, EveryKindOfFileHoldsTheSameModel) {
  const SmplModelData& wanted = small_model().data();
  for (const char* name : {"smpl_small_python2.pkl", "smpl_small_protocol2.pkl", "smpl_small_protocol4.pkl",
                           "smpl_small_protocol5.pkl"}) {
    const SmplModelData d = io::read_smpl_model(fixture_path(name));
    EXPECT_TRUE(d.template_vertices == wanted.template_vertices) << name;
    EXPECT_TRUE(d.faces == wanted.faces) << name;
    EXPECT_TRUE(d.parents == wanted.parents) << name;
    EXPECT_TRUE(d.shape_directions == wanted.shape_directions) << name;
    EXPECT_TRUE(d.pose_directions == wanted.pose_directions) << name;
    EXPECT_TRUE(d.joint_regressor == wanted.joint_regressor) << name;
    EXPECT_TRUE(d.skin_weights == wanted.skin_weights) << name;
  }
  EXPECT_EQ(wanted.parents, (std::vector<int>{-1, 0, 1, 0, 3, 3}));
}

TEST(SmplModel, ExpressionsFollowTheShapes) {
  EXPECT_EQ(SmplModel(random_model(20, 24, 10, false)).family(), SmplFamily::smpl);
  EXPECT_EQ(SmplModel(random_model(20, 52, 16, true)).family(), SmplFamily::smplh);
  const SmplModel model(random_model(20, 55, 400, true));
  EXPECT_EQ(model.family(), SmplFamily::smplx);
  EXPECT_EQ(model.shape_count(), 300);
  EXPECT_EQ(model.expression_count(), 100);
  Eigen::VectorXd expression = Eigen::VectorXd::Zero(2);
  expression[1] = 2.0;
  const SmplRows moved = model.shape({}, expression).vertices - model.data().template_vertices;
  for (int v = 0; v < 20; ++v)
    for (int i = 0; i < 3; ++i)
      EXPECT_NEAR(moved(v, i), 2.0 * static_cast<double>(model.data().shape_directions(3 * v + i, 301)), 1e-12);
  const SmplModel twenty(random_model(20, 55, 20, true));
  EXPECT_EQ(twenty.shape_count(), 10);
  EXPECT_EQ(twenty.expression_count(), 10);
  EXPECT_THROW(twenty.shape(Eigen::VectorXd::Zero(11)), Error);
  EXPECT_THROW(twenty.shape({}, Eigen::VectorXd::Zero(11)), Error);
}

TEST(SmplModel, HandsAreMeanPlusComponents) {
  const SmplModel model(random_model(20, 52, 10, true));
  const auto& d = model.data();
  Eigen::VectorXd two(2);
  two << 0.5, -1.5;
  const SmplRows flat = model.hand_pose(Hand::left, two, true), curled = model.hand_pose(Hand::right, two, false);
  for (int i = 0; i < 45; ++i) {
    EXPECT_NEAR(flat(i / 3, i % 3), 0.5 * d.left_hand_components(0, i) - 1.5 * d.left_hand_components(1, i), 1e-12);
    EXPECT_NEAR(curled(i / 3, i % 3),
                d.right_hand_mean[i] + 0.5 * d.right_hand_components(0, i) - 1.5 * d.right_hand_components(1, i), 1e-12);
  }
  EXPECT_TRUE(model.hand_pose(Hand::left, {}, true).isZero());
  EXPECT_THROW(model.hand_pose(Hand::left, Eigen::VectorXd::Zero(46), true), Error);
  EXPECT_THROW(SmplModel(random_model(20, 24, 10, false)).hand_pose(Hand::left, {}, true), Error);
}

TEST(SmplModel, NamedPointsAreThoseOfThePublishedMeshes) {
  EXPECT_THROW(small_model().keypoints(small_model().pose(small_model().shape({}), small_model().rest_pose())), Error);
  const SmplModel model(random_model(6890, 24, 10, false));
  const SmplPosed posed = model.pose(model.shape({}), model.vitruvian_pose());
  const auto points = model.keypoints(posed);
  const auto vertex = [&](int v) -> Eigen::RowVector3d { return posed.vertices.row(v).cast<double>(); };
  EXPECT_TRUE(points.row(0) == vertex(332));                    // nose
  EXPECT_TRUE(points.row(1) == vertex(2800));                   // left eye
  EXPECT_TRUE(points.row(4) == vertex(4071));                   // right ear
  EXPECT_TRUE(points.row(5) == posed.joints.row(16));           // left shoulder
  EXPECT_TRUE(points.row(10) == posed.joints.row(21));          // right wrist
  EXPECT_TRUE(points.row(16) == posed.joints.row(8));           // right ankle
  EXPECT_TRUE(points.row(17) == vertex(3216));                  // left big toe
  EXPECT_TRUE(points.row(22) == vertex(6787));                  // right heel
  const SmplRows legs = model.vitruvian_pose();
  EXPECT_NEAR(legs(1, 2), std::numbers::pi / 6, 1e-12);
  EXPECT_NEAR(legs(2, 2), -std::numbers::pi / 6, 1e-12);
  EXPECT_NEAR(legs.cwiseAbs().sum(), std::numbers::pi / 3, 1e-12);
}

void expect_refused(SmplModelData data, const std::string& word) {
  try {
    validate(data, "small body");
    FAIL() << "no error; expected one that says " << word;
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
  }
}

TEST(SmplModel, PartsThatDoNotBelongTogetherAreRefused) {
  const SmplModelData good = random_model(20, 24, 10, false);
  validate(good, "small body");
  SmplModelData d = good;
  d.pose_directions.conservativeResize(60, 200);
  expect_refused(d, "posedirs");
  d = good;
  d.parents[3] = 3;
  expect_refused(d, "parent");
  d = good;
  d.faces(0, 0) = 20;
  expect_refused(d, "small body");
  d = good;
  d.skin_weights(2, 2) = std::nanf("");
  expect_refused(d, "finite");
  d = good;
  d.joint_regressor.conservativeResize(24, 19);
  expect_refused(d, "J_regressor");
  d = good;
  d.left_hand_mean = Eigen::VectorXd::Zero(45);
  expect_refused(d, "hands");
  const SmplModel model(good);
  EXPECT_THROW(model.pose(model.shape({}), SmplRows::Zero(23, 3)), Error);
}

class BodyFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("tactus_body_files_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "body_models/smplh");
  }
  void TearDown() override { fs::remove_all(folder_); }

  const io::BodyFileFinding* find(const std::vector<io::BodyFileFinding>& all, const std::string& what) const {
    for (const auto& finding : all)
      if (finding.what == what) return &finding;
    return nullptr;
  }
  fs::path folder_;
};

TEST_F(BodyFiles, MissingOnesAreSaidWithTheirCost) {
  const auto findings = io::examine_body_files(folder_);
  ASSERT_EQ(findings.size(), 5U);
  for (const auto& finding : findings) {
    EXPECT_EQ(finding.state, io::BodyFileFinding::State::missing) << finding.what;
    EXPECT_NE(finding.detail.find("without it"), std::string::npos) << finding.detail;
  }
  EXPECT_THROW(io::examine_body_files(folder_ / "nowhere"), Error);
}

TEST_F(BodyFiles, PresentOnesAreLoadedAndDamagedOnesSaid) {
  using State = io::BodyFileFinding::State;
  fs::copy_file(fixture_path("smpl_small_python2.pkl"), folder_ / "body_models/smplh/SMPLH_NEUTRAL.pkl");
  fs::copy_file(fixture_path("smpl_small.npz"), folder_ / "body_models/smplh/model.npz");
  fs::resize_file(folder_ / "body_models/smplh/model.npz", 20'000);
  fs::copy_file(fixture_path("joblib_plain.pkl"), folder_ / "smpl_to_smplx.pkl");
  fs::create_directory(folder_ / "hcontact_vitruvian");
  const auto findings = io::examine_body_files(folder_);
  const auto* whole = find(findings, "SMPL-like");
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(whole->state, State::ok);
  EXPECT_EQ(whole->detail, "50 vertices, 6 joints, 7 shapes");
  const auto* cut = find(findings, "body file");
  ASSERT_NE(cut, nullptr);
  EXPECT_EQ(cut->state, State::damaged);
  EXPECT_EQ(cut->path.filename(), "model.npz");
  EXPECT_EQ(find(findings, "SMPL-X")->state, State::missing);
  EXPECT_EQ(find(findings, "SMPL to SMPL-X")->state, State::damaged);   // 7 × 5
  EXPECT_EQ(find(findings, "views of the body")->state, State::damaged);
}

TEST_F(BodyFiles, AModelThatLacksAnArraySaysWhich) {
  // The npz with one entry's name spoiled, in its own header and in the directory.
  std::ifstream source(fixture_path("smpl_small.npz"), std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(source)), std::istreambuf_iterator<char>());
  const fs::path file = folder_ / "SMPL_NEUTRAL.npz";
  for (const std::string key : {"v_template", "posedirs", "kintree_table", "weights", "J_regressor", "shapedirs"}) {
    std::string spoiled = bytes;
    for (auto at = spoiled.find(key + ".npy"); at != std::string::npos; at = spoiled.find(key + ".npy", at)) spoiled[at] = '#';
    std::ofstream(file, std::ios::binary) << spoiled;
    try {
      io::read_smpl_model(file);
      FAIL() << key;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(key + " is missing"), std::string::npos) << e.what();
    }
  }
}

}  // namespace
}  // namespace tactus::body
