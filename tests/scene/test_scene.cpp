// The scene's pictures against the camera's own projection, its picks against brute force.
#include <Eigen/Geometry>
#include <QImage>
#include <QTest>
#include <cmath>
#include <limits>
#include <numbers>

#include "tactus/geometry/colour_map.h"
#include "tactus/scene/scene.h"

using namespace tactus;
using scene::NamedView;
using scene::Subject;

namespace {

// A sphere of `rings` × 2·rings quads.
geometry::Mesh sphere(const Eigen::Vector3d& centre, double radius, int rings = 16) {
  const int columns = 2 * rings;
  geometry::Mesh mesh;
  mesh.vertices.resize((rings + 1) * columns, 3);
  for (int r = 0; r <= rings; ++r)
    for (int c = 0; c < columns; ++c) {
      const double polar = std::numbers::pi * r / rings, around = 2.0 * std::numbers::pi * c / columns;
      const Eigen::Vector3d p = centre + radius * Eigen::Vector3d(std::sin(polar) * std::cos(around), std::cos(polar), std::sin(polar) * std::sin(around));
      mesh.vertices.row(r * columns + c) = p.transpose().cast<float>();
    }
  mesh.faces.resize(2 * rings * columns, 3);
  int f = 0;
  for (int r = 0; r < rings; ++r)
    for (int c = 0; c < columns; ++c) {
      const int a = r * columns + c, b = r * columns + (c + 1) % columns;
      mesh.faces.row(f++) << a, b, a + columns;
      mesh.faces.row(f++) << b, b + columns, a + columns;
    }
  return mesh;
}

// A closed box of 40 cm, two metres before the camera and turned a little, faces outwards.
geometry::Mesh box() {
  geometry::Mesh mesh;
  mesh.vertices.resize(8, 3);
  const Eigen::Matrix3f turn = Eigen::AngleAxisf(0.6F, Eigen::Vector3f(1, 2, 0.5F).normalized()).toRotationMatrix();
  for (int v = 0; v < 8; ++v)
    mesh.vertices.row(v) = (Eigen::Vector3f(0, 0, 2) + 0.2F * turn * Eigen::Vector3f(v & 1 ? 1 : -1, v & 2 ? 1 : -1, v & 4 ? 1 : -1)).transpose();
  mesh.faces.resize(12, 3);
  mesh.faces << 0, 2, 1, 1, 2, 3, 4, 5, 6, 5, 7, 6, 0, 1, 4, 1, 5, 4, 2, 6, 3, 3, 6, 7, 0, 4, 2, 2, 4, 6, 1, 3, 5, 3, 7, 5;
  return mesh;
}

geometry::PinholeCamera camera() {
  geometry::PinholeCamera c;
  c.width = 320;
  c.height = 240;
  c.focal_x = c.focal_y = 300;
  c.centre_x = 160;
  c.centre_y = 120;
  return c;
}

scene::DisplayOptions bare() {
  scene::DisplayOptions d;
  d.ground = d.colour_bar = d.photo_backdrop = d.trajectory = d.links = false;
  return d;
}

struct Blob {
  double x = 0, y = 0;
  int count = 0;
};
// Centre of the pixels that differ from a picture of the empty scene.
Blob difference(const ImageU8& a, const ImageU8& b) {
  Blob blob;
  for (int row = 0; row < a.height; ++row)
    for (int c = 0; c < a.width; ++c) {
      int d = 0;
      for (int k = 0; k < 3; ++k) d = std::max(d, std::abs(a.at(c, row, k) - b.at(c, row, k)));
      if (d <= 3) continue;
      blob.x += c + 0.5;
      blob.y += row + 0.5;
      ++blob.count;
    }
  if (blob.count > 0) {
    blob.x /= blob.count;
    blob.y /= blob.count;
  }
  return blob;
}

Eigen::Vector3d mean_colour(const ImageU8& picture, const ImageU8& empty) {
  Eigen::Vector3d sum = Eigen::Vector3d::Zero();
  int count = 0;
  for (int row = 0; row < picture.height; ++row)
    for (int c = 0; c < picture.width; ++c) {
      if (std::abs(picture.at(c, row, 0) - empty.at(c, row, 0)) + std::abs(picture.at(c, row, 2) - empty.at(c, row, 2)) < 8) continue;
      for (int k = 0; k < 3; ++k) sum[k] += picture.at(c, row, k);
      ++count;
    }
  return count == 0 ? sum : Eigen::Vector3d(sum / count);
}

}  // namespace

class TestScene : public QObject {
  Q_OBJECT

  ImageU8 empty_;

  // A scene seen through the photograph's camera, nothing but the given things in it.
  static void look_through_photo(scene::Scene& s) {
    s.set_display(bare());
    ImageU8 photo(320, 240, 3);
    std::fill(photo.data.begin(), photo.data.end(), std::uint8_t{128});
    s.set_photo(photo, camera());
    s.set_view(NamedView::photo);
  }

 private Q_SLOTS:
  // The inside of closed surfaces is not drawn, which must never show.
  void surfacesAreSeenFromBothSidesUnlessTheyAreClosed() {
    const geometry::Mesh outwards = box();
    QVERIFY(geometry::is_closed_and_oriented(outwards) && geometry::signed_volume(outwards) > 0.0);
    geometry::Mesh inwards = outwards;
    inwards.faces.col(1).swap(inwards.faces.col(2));
    const auto drawn = [&](const geometry::Mesh& mesh) {
      scene::Scene s;
      look_through_photo(s);
      s.set_body(mesh);
      return s.render_picture(320, 240);
    };
    const auto pixels = [&](const geometry::Mesh& mesh) { return difference(drawn(mesh), empty_).count; };
    const int all = pixels(outwards);
    QVERIFY2(all > 2000, qPrintable(QString::number(all)));
    // Its near side, not its far one.
    QVERIFY(difference(drawn(inwards), drawn(outwards)).count < 0.02 * all);
    // One triangle of it at a time, whichever side it shows.
    for (int f = 0; f < 12; ++f) {
      geometry::Mesh open = outwards;
      open.faces = outwards.faces.middleRows(f, 1);
      QVERIFY2(pixels(open) > 200, qPrintable(QString::number(f)));
    }
    // Without one face it is open, and its inside is seen where that face was.
    geometry::Mesh holed = outwards;
    holed.faces = outwards.faces.topRows(11);
    QVERIFY(pixels(holed) > 0.98 * all);
  }

  void initTestCase() {
    scene::Scene s;
    look_through_photo(s);
    empty_ = s.render_picture(320, 240);
    QCOMPARE(empty_.width, 320);
    QCOMPARE(empty_.height, 240);
    QVERIFY(!s.pick(160, 120).has_value());
  }

  void photoViewProjectsAsTheCameraDoes() {
    for (const Eigen::Vector3d& centre : {Eigen::Vector3d(0, 0, 3), Eigen::Vector3d(0.7, -0.5, 3), Eigen::Vector3d(-0.9, 0.6, 4)}) {
      scene::Scene s;
      look_through_photo(s);
      s.set_body(sphere(centre, 0.15));
      s.set_view(NamedView::photo);
      const auto blob = difference(s.render_picture(320, 240), empty_);
      // A sphere's picture is an ellipse, its centre slightly off the projected centre: within a pixel here.
      const Eigen::Vector2d expected = camera().project(centre);
      QVERIFY2(std::hypot(blob.x - expected.x(), blob.y - expected.y()) < 1.0, qPrintable(QStringLiteral("%1 %2").arg(blob.x).arg(blob.y)));
      const double area = std::numbers::pi * std::pow(300 * 0.15 / centre.z(), 2);
      QVERIFY(std::abs(blob.count - area) < 0.12 * area);
    }
  }

  void anObjectShowsAtItsPoseAndIsHiddenWithout() {
    scene::Scene s;
    look_through_photo(s);
    s.set_object(sphere({0, 0, 0}, 0.1));
    s.set_view(NamedView::photo);
    QCOMPARE(difference(s.render_picture(320, 240), empty_).count, 0);
    geometry::SimilarityTransform pose;
    pose.translation = {0.4, 0.3, 3.0};
    pose.scale = 2.0;
    s.set_object_pose(pose);
    s.set_view(NamedView::photo);
    const auto blob = difference(s.render_picture(320, 240), empty_);
    const Eigen::Vector2d expected = camera().project(pose.translation);
    QVERIFY(std::hypot(blob.x - expected.x(), blob.y - expected.y()) < 1.0);
    const double area = std::numbers::pi * std::pow(300 * 0.2 / 3.0, 2);
    QVERIFY(std::abs(blob.count - area) < 0.12 * area);
    s.set_object_pose(std::nullopt);
    QCOMPARE(difference(s.render_picture(320, 240), empty_).count, 0);
  }

  void theBackdropCoversItsOwnPixels() {
    scene::Scene s;
    ImageU8 photo(320, 240, 3);
    for (int row = 0; row < 240; ++row)
      for (int c = 0; c < 320; ++c) {
        photo.at(c, row, 0) = c < 160 ? 220 : 30;
        photo.at(c, row, 1) = row < 120 ? 200 : 40;
        photo.at(c, row, 2) = 90;
      }
    auto display = bare();
    display.photo_backdrop = true;
    s.set_display(display);
    s.set_photo(photo, camera());
    s.set_view(NamedView::photo);
    const auto picture = s.render_picture(320, 240);
    for (const auto& [c, row] : {std::pair{40, 30}, {150, 110}, {170, 110}, {150, 130}, {170, 130}, {300, 220}})
      for (int k = 0; k < 3; ++k) QVERIFY2(std::abs(picture.at(c, row, k) - photo.at(c, row, k)) <= 2, qPrintable(QStringLiteral("%1 %2 %3").arg(c).arg(row).arg(k)));
    s.set_view(NamedView::front);
    QVERIFY(difference(s.render_picture(320, 240), picture).count > 1000);   // only in the photograph's view
  }

  void contactIsColouredAndUnseenIsGrey() {
    const auto mesh = sphere({0, 0, 3}, 0.3);
    const int n = mesh.vertex_count();
    scene::Scene s;
    look_through_photo(s);
    s.set_body(mesh);
    s.set_view(NamedView::photo);
    const auto plain = s.render_picture(320, 240);
    const auto coloured = [&](float p, std::uint8_t seen) {
      s.set_contact(Subject::body, Eigen::VectorXf::Constant(n, p), std::vector<std::uint8_t>(static_cast<std::size_t>(n), seen));
      return s.render_picture(320, 240);
    };
    // Light changes how bright a colour is, not which: compare the ratios.
    const auto same_hue = [&](const ImageU8& picture, const std::array<float, 3>& expected) {
      const Eigen::Vector3d got = mean_colour(picture, empty_).normalized(), want = Eigen::Vector3d(expected[0], expected[1], expected[2]).normalized();
      return (got - want).norm() < 0.08;
    };
    QVERIFY(same_hue(coloured(1.0F, 4), geometry::contact_colour(1.0F)));
    QVERIFY(same_hue(coloured(0.75F, 4), geometry::contact_colour(0.75F)));
    QVERIFY(same_hue(coloured(1.0F, 0), geometry::kUnseenColour));
    QVERIFY(difference(coloured(0.2F, 4), coloured(1.0F, 4)).count > 500);
    auto display = bare();
    display.contact_colours = false;
    s.set_display(display);
    QCOMPARE(difference(s.render_picture(320, 240), plain).count, 0);
  }

  void theThresholdSplitsTheColours() {
    const auto mesh = sphere({0, 0, 3}, 0.3);
    const int n = mesh.vertex_count();
    scene::Scene s;
    look_through_photo(s);
    s.set_body(mesh);
    s.set_contact(Subject::body, Eigen::VectorXf::Constant(n, 0.6F), std::vector<std::uint8_t>(static_cast<std::size_t>(n), 1));
    s.set_view(NamedView::photo);
    const auto above = s.render_picture(320, 240);
    auto display = bare();
    display.threshold = 0.7F;
    s.set_display(display);
    QVERIFY(difference(s.render_picture(320, 240), above).count > 500);
    display.threshold = 0.5F;
    s.set_display(display);
    QCOMPARE(difference(s.render_picture(320, 240), above).count, 0);
  }

  void aMovedMeshKeepsItsContactAnotherForgetsIt() {
    const auto mesh = sphere({0, 0, 3}, 0.3);
    scene::Scene s;
    look_through_photo(s);
    s.set_body(mesh);
    s.set_view(NamedView::photo);
    const auto plain = s.render_picture(320, 240);
    const Eigen::VectorXf p = Eigen::VectorXf::Ones(mesh.vertex_count());
    const std::vector<std::uint8_t> seen(static_cast<std::size_t>(mesh.vertex_count()), 1);
    s.set_contact(Subject::body, p, seen);
    const auto coloured = s.render_picture(320, 240);
    s.set_body(sphere({0.5, 0, 3}, 0.3));
    s.set_body(mesh);
    QCOMPARE(difference(s.render_picture(320, 240), coloured).count, 0);
    s.set_body(sphere({0, 0, 3}, 0.3, 12));
    s.set_body(mesh);
    QCOMPARE(difference(s.render_picture(320, 240), plain).count, 0);
  }

  void picksAgreeWithBruteForce() {
    const auto mesh = sphere({0.2, 0.1, 3}, 0.4);
    scene::Scene s;
    look_through_photo(s);
    s.set_body(mesh);
    s.set_view(NamedView::photo);
    s.render_picture(320, 240);
    int hits = 0;
    for (int y = 60; y < 200; y += 9)
      for (int x = 100; x < 260; x += 9) {
        // The pixel's ray against every triangle.
        const Eigen::Vector3d ray = camera().unproject({x + 0.5, y + 0.5}, 1.0);
        double nearest = std::numeric_limits<double>::max();
        int face = -1;
        for (int f = 0; f < mesh.face_count(); ++f) {
          const Eigen::Vector3d a = mesh.vertices.row(mesh.faces(f, 0)).transpose().cast<double>(), b = mesh.vertices.row(mesh.faces(f, 1)).transpose().cast<double>(),
                                c = mesh.vertices.row(mesh.faces(f, 2)).transpose().cast<double>();
          Eigen::Matrix3d m;
          m << b - a, c - a, -ray;
          if (std::abs(m.determinant()) < 1e-14) continue;
          const Eigen::Vector3d uvt = m.inverse() * (-a);
          if (uvt[0] < 0 || uvt[1] < 0 || uvt[0] + uvt[1] > 1 || uvt[2] <= 0 || uvt[2] >= nearest) continue;
          nearest = uvt[2];
          face = f;
        }
        const auto pick = s.pick(x, y);
        if (face < 0) {
          if (pick) QVERIFY((pick->position_photo - Eigen::Vector3d(0.2, 0.1, 3)).norm() > 0.39);   // the silhouette's edge
          continue;
        }
        // At the silhouette's edge a pixel of difference is a long way on the surface.
        const Eigen::Vector3d centre(0.2, 0.1, 3), along = ray.normalized();
        if ((centre - centre.dot(along) * along).norm() > 0.9 * 0.4) continue;
        QVERIFY(pick.has_value());
        ++hits;
        QVERIFY(pick->subject == Subject::body);
        QVERIFY2((pick->position_photo - nearest * ray).norm() < 0.012, qPrintable(QStringLiteral("%1 %2: %3").arg(x).arg(y).arg((pick->position_photo - nearest * ray).norm())));
        bool corner = false;
        for (int k = 0; k < 3; ++k) corner = corner || mesh.faces(pick->face, k) == pick->vertex;
        QVERIFY(corner);
      }
    QVERIFY(hits > 30);
  }

  void theBrushTakesTheVerticesNearOnThisSide() {
    const auto mesh = sphere({0, 0, 0}, 0.2);
    scene::Scene s;
    look_through_photo(s);
    s.set_object(mesh);
    geometry::SimilarityTransform pose;
    pose.translation = {0, 0, 3};
    pose.scale = 2.0;
    s.set_object_pose(pose);
    s.set_view(NamedView::photo);
    s.render_picture(320, 240);
    const auto pick = s.pick(160, 120);
    QVERIFY(pick && pick->subject == Subject::object);
    const auto near = s.vertices_near(*pick, 0.15);
    const auto normals = geometry::vertex_normals(mesh);
    std::vector<int> expected;
    for (int i = 0; i < mesh.vertex_count(); ++i) {
      const Eigen::Vector3d p = pose * mesh.vertices.row(i).transpose().cast<double>();
      if ((p - pick->position_photo).norm() <= 0.15 && normals.row(i).dot(normals.row(pick->vertex)) > -0.1F) expected.push_back(i);
    }
    QVERIFY(expected.size() > 3);
    QCOMPARE(near, expected);
    // A brush larger than the thing leaves the other side alone.
    const auto all = s.vertices_near(*pick, 5.0);
    QVERIFY(all.size() > 100 && static_cast<int>(all.size()) < 0.7 * mesh.vertex_count());
  }

  void pixelsPerMetreIsTheCamerasScale() {
    scene::Scene s;
    look_through_photo(s);
    s.set_body(sphere({0, 0, 3}, 0.3));
    s.set_view(NamedView::photo);
    s.render_picture(320, 240);
    QVERIFY(std::abs(s.pixels_per_metre({0, 0, 3}) - 100.0) < 0.5);
    QVERIFY(std::abs(s.pixels_per_metre({0.3, 0.2, 6}) - 50.0) < 0.5);
  }

  void linesAreDrawnWhereTheyShould() {
    scene::Scene s;
    look_through_photo(s);
    s.set_body(sphere({0, 0, 3}, 0.05));
    s.set_view(NamedView::photo);
    const auto before = s.render_picture(320, 240);
    auto display = bare();
    display.links = true;
    s.set_display(display);
    s.set_links({{{-0.8, -0.5, 3}, {-0.4, -0.5, 3}}});
    const auto blob = difference(s.render_picture(320, 240), before);
    QVERIFY(blob.count > 20);
    QVERIFY(std::abs(blob.x - 100.0) < 2 && std::abs(blob.y - 70.0) < 2);
    s.set_links({});
    QCOMPARE(difference(s.render_picture(320, 240), before).count, 0);
  }

  void theColourBarGivesWayToASmallPicture() {
    scene::Scene s;
    look_through_photo(s);
    const auto mesh = sphere({0, 0, 3}, 0.3);
    s.set_body(mesh);
    s.set_contact(Subject::body, Eigen::VectorXf::Zero(mesh.vertex_count()), {});
    s.set_view(NamedView::front);
    const auto with_bar = [&](bool on, int width, int height) {
      auto display = bare();
      display.colour_bar = on;
      s.set_display(display);
      return s.render_picture(width, height);
    };
    const auto blob = difference(with_bar(true, 640, 480), with_bar(false, 640, 480));
    QVERIFY(blob.count > 3000 && blob.x > 520 && blob.y > 240);                       // lower right
    const auto picture = with_bar(true, 640, 480);
    QCOMPARE(difference(with_bar(true, 150, 120), with_bar(false, 150, 120)).count, 0);
    QImage(picture.data.data(), picture.width, picture.height, picture.width * 3, QImage::Format_RGB888).save(QStringLiteral(TACTUS_BINARY_DIR "/screenshots/colour_bar.png"));
  }

  void pictureIsTheSameEveryTime() {
    scene::Scene s;
    s.set_body(sphere({0.1, 0, 3}, 0.3));
    s.set_view(NamedView::side);
    const auto a = s.render_picture(320, 240);
    QVERIFY(s.render_picture(320, 240) == a);
    s.clear();
    QVERIFY(!(s.render_picture(320, 240) == a));
  }
};

QTEST_GUILESS_MAIN(TestScene)

#include "test_scene.moc"
