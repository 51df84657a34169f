// Errors against a known scene.
#include <gtest/gtest.h>

#include "tactus/pipeline/analysis.h"

namespace tactus::pipeline {
namespace {

geometry::Mesh tetrahedron(float size) {
  geometry::Mesh mesh;
  mesh.vertices.resize(4, 3);
  mesh.vertices << 0, 0, 0, size, 0, 0, 0, size, 0, 0, 0, size;
  mesh.faces.resize(4, 3);
  mesh.faces << 0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3;
  return mesh;
}

struct Made {
  Truth truth;
  Analysis analysis;
  Made() {
    auto body = std::make_shared<body::PhotoBody>();
    body->mesh = tetrahedron(1.0F);
    truth.body = body->mesh.vertices;
    truth.body_contact = {0, 1};
    truth.object_contact = {2};
    truth.photo_from_object.translation = {1, 0, 3};
    auto object = std::make_shared<objects::ObjectMesh>();
    object->mesh = tetrahedron(0.5F);
    auto fit = std::make_shared<reconstruct::FitResult>();
    fit->photo_from_object = truth.photo_from_object;
    analysis.body = body;
    analysis.object = object;
    analysis.fit = fit;
  }
};

TEST(Truth, IsAtDistanceZeroFromItself) {
  const Made made;
  const TruthErrors errors = compare_with_truth(made.analysis, made.truth);
  EXPECT_EQ(errors.body_cm.value(), 0.0);
  EXPECT_EQ(errors.object_rotation_deg.value(), 0.0);
  EXPECT_EQ(errors.object_centre_cm.value(), 0.0);
  EXPECT_FALSE(errors.body_contact.has_value());
}

TEST(Truth, MovingBothTogetherIsNoError) {
  Made made;
  auto body = std::make_shared<body::PhotoBody>(*made.analysis.body);
  body->mesh.vertices.col(2).array() += 2.0F;
  auto fit = std::make_shared<reconstruct::FitResult>(*made.analysis.fit);
  fit->photo_from_object.translation.z() += 2.0;
  made.analysis.body = body;
  made.analysis.fit = fit;
  const TruthErrors errors = compare_with_truth(made.analysis, made.truth);
  EXPECT_NEAR(errors.body_cm.value(), 0.0, 1e-4);
  EXPECT_NEAR(errors.object_centre_cm.value(), 0.0, 1e-4);
}

TEST(Truth, MeasuresTurnAndDistance) {
  Made made;
  auto fit = std::make_shared<reconstruct::FitResult>(*made.analysis.fit);
  const Eigen::Vector3d centre = geometry::area_weighted_centroid(made.analysis.object->mesh);
  fit->photo_from_object.rotation = Eigen::AngleAxisd(0.1, Eigen::Vector3d::UnitZ()).toRotationMatrix();
  // Turned about its own centre, then moved by 5 cm.
  fit->photo_from_object.translation = made.truth.photo_from_object * centre - fit->photo_from_object.rotation * centre + Eigen::Vector3d(0, 0.05, 0);
  made.analysis.fit = fit;
  const TruthErrors errors = compare_with_truth(made.analysis, made.truth);
  EXPECT_NEAR(errors.object_rotation_deg.value(), 5.7296, 1e-3);
  EXPECT_NEAR(errors.object_centre_cm.value(), 5.0, 1e-4);
}

TEST(Truth, ScoresContact) {
  Made made;
  auto contact = std::make_shared<contact::VertexContact>();
  contact->probability.resize(4);
  contact->probability << 0.9F, 0.2F, 0.7F, 0.1F;   // one hit, one miss, one false
  made.analysis.body_contact = contact;
  const TruthErrors errors = compare_with_truth(made.analysis, made.truth);
  EXPECT_DOUBLE_EQ(errors.body_contact->precision, 0.5);
  EXPECT_DOUBLE_EQ(errors.body_contact->recall, 0.5);
  EXPECT_DOUBLE_EQ(errors.body_contact->f1, 0.5);
}

TEST(Truth, OfAnotherMeshSaysNothing) {
  Made made;
  made.truth.body.conservativeResize(3, 3);
  EXPECT_FALSE(compare_with_truth(made.analysis, made.truth).object_rotation_deg.has_value());
  Made other;
  other.truth.object_contact = {400};
  other.analysis.object_contact = std::make_shared<contact::VertexContact>(contact::VertexContact{Eigen::VectorXf::Ones(4), {}});
  EXPECT_FALSE(compare_with_truth(other.analysis, other.truth).object_contact.has_value());
}

}  // namespace
}  // namespace tactus::pipeline
