// write_test_scene FILE.glb: a scene with known numbers, for test_glb.py.
#include <numbers>

#include <Eigen/Geometry>

#include "tactus/io/glb.h"

int main(int argc, char** argv) {
  using namespace tactus;
  if (argc != 2) return 2;
  io::SceneExport scene;
  scene.body.vertices.resize(3, 3);
  scene.body.vertices << 0, 0, 2, 1, 0, 2, 0, -1, 2;   // frame photo: y down, so the third lies one metre up
  scene.body.faces.resize(1, 3);
  scene.body.faces << 0, 1, 2;
  scene.body_colours.resize(3, 3);
  scene.body_colours << 1, 0, 0, 0.5F, 0.5F, 0.5F, 0, 0, 1;
  geometry::Mesh object;
  object.vertices.resize(4, 3);
  object.vertices << 0, 0, 0, 0.5F, 0, 0, 0, 0.5F, 0, 0, 0, 0.5F;
  object.faces.resize(4, 3);
  object.faces << 0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3;
  scene.object = object;
  scene.object_colours = geometry::Colours::Constant(4, 3, 0.25F);
  for (int i = 0; i < 5; ++i) {
    geometry::SimilarityTransform pose;
    pose.rotation = Eigen::AngleAxisd(i * std::numbers::pi / 2.0, Eigen::Vector3d::UnitZ()).toRotationMatrix();
    pose.translation = {0.1 * i, 0.2 * i, 3.0};
    pose.scale = 1.0 + 0.25 * i;
    scene.photo_from_object.push_back(pose);
  }
  scene.seconds_per_frame = 0.5;
  scene.camera = {640, 480, 600.0, 600.0, 320.0, 240.0};
  io::write_scene_glb(argv[1], scene);
}
