// The 3D scene of Studio and of off-screen pictures. VTK stays behind this header.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "tactus/geometry/camera.h"
#include "tactus/geometry/mesh.h"
#include "tactus/geometry/transform.h"
#include "tactus/image.h"

class vtkRenderWindow;
class vtkRenderer;

namespace tactus::scene {

enum class Subject { body, object };

enum class NamedView { front, side, top, back, photo };  // photo: the photograph's camera

struct DisplayOptions {
  bool contact_colours = true;     // else plain colours (body blue-grey, object yellow)
  bool wireframe = false;
  bool see_through_body = false;
  bool ground = true;              // ground plane with a metre grid
  bool colour_bar = true;
  bool photo_backdrop = true;      // the photograph behind the scene while in the photo view
  bool trajectory = true;          // path of the object's centre over the iterations
  bool links = true;               // lines between corresponding points
  bool show_body = true, show_object = true;
  float threshold = 0.5F;          // contact above it is outlined/saturated
  bool dark = true;
};

struct Pick {
  Subject subject;
  int vertex = -1;
  int face = -1;
  Eigen::Vector3d position_photo;
};

// Meshes are given in frame photo (body) and frame object (object); the scene shows them in frame display
// (y up). Setters are cheap and take effect at the next render.
class Scene {
 public:
  Scene();
  ~Scene();
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  void set_body(const geometry::Mesh& mesh_photo);
  void set_object(const geometry::Mesh& mesh_object);
  void clear();                                            // nothing loaded
  // probability [N], coverage [N] (0 = never seen, shown grey and said so in the colour bar).
  void set_contact(Subject subject, const Eigen::VectorXf& probability, const std::vector<std::uint8_t>& coverage);
  void clear_contact(Subject subject);
  // nullopt hides the object (before Align there is no pose).
  void set_object_pose(const std::optional<geometry::SimilarityTransform>& photo_from_object);
  void set_trajectory(const std::vector<Eigen::Vector3d>& centres_photo);
  // Lines between points that belong together (frame photo), as ICP pairs them; empty: none.
  void set_links(const std::vector<std::pair<Eigen::Vector3d, Eigen::Vector3d>>& links_photo);
  void set_photo(const ImageU8& photo, const geometry::PinholeCamera& camera);
  void set_display(const DisplayOptions& options);
  const DisplayOptions& display() const;

  void set_view(NamedView view);
  void frame_all();                                        // fit everything into the picture
  std::optional<NamedView> current_view() const;           // nullopt once the user has orbited

  // x, y in pixels of the render window, from the top left.
  std::optional<Pick> pick(int x, int y) const;
  void set_highlight(const std::optional<Pick>& pick);     // a small marker
  // Vertices within radius_m of a pick on the same subject whose surface faces the way the picked one does: a brush on
  // the palm leaves the back of the hand alone.
  std::vector<int> vertices_near(const Pick& pick, double radius_m) const;

  // Pixels of the render window that a metre across spans at a point (frame photo); 0 before there is a window.
  double pixels_per_metre(const Eigen::Vector3d& position_photo) const;

  // Off-screen picture; RGB. Works without a window system's window (needs GLX under Xvfb or EGL/OSMesa).
  ImageU8 render_picture(int width, int height);

  vtkRenderer* renderer() const;                           // for ui::Viewport alone
  void user_moved_camera();                                // told by ui::Viewport: leaves the named view

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tactus::scene
