// A fixed sample of the body's surface: the compact model reads and decodes here, the rest is interpolated.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "tactus/body/body_model.h"
#include "tactus/body/photo_body.h"

namespace tactus::evidence {

struct BodySampleOptions {
  int count = 2400;               // S
  double hand_density = 2.6;      // of hands and fingers, against the rest of the skin
  int clusters = 64;              // C: neighbouring sample points that become one token; smaller ones on the hands
};

// Made from the rest shape of the default phenotype, so it is the same everywhere (farthest points, seeded by nothing).
// Points come in mirrored pairs; clusters do too.
struct BodySample {
  std::vector<int> vertices;                  // [S] of the body model
  std::vector<std::uint8_t> parts;            // [S] index into part_names
  std::vector<std::string> part_names;        // the body model's
  std::vector<std::int16_t> cluster;          // [S] in [0, C)
  int cluster_count = 0;
  // The three nearest clusters of each point and their weights (inverse distance, adding up to 1).
  Eigen::Matrix<std::int16_t, Eigen::Dynamic, 3, Eigen::RowMajor> near_clusters;   // [S, 3]
  Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor> near_weights;           // [S, 3]
  geometry::Vertices rest;                    // [S, 3] in the rest pose, frame body
  std::vector<std::int16_t> mirror;           // [S] the point at the same place of the other side (itself on the middle)
  std::vector<std::uint8_t> keypoint;         // [S] index into kKeypointNames of the nearest one in the rest pose
  // From the sample to every vertex: three sample points on the same part of the body wherever there are three.
  Eigen::Matrix<std::int32_t, Eigen::Dynamic, 3, Eigen::RowMajor> full_from;       // [V, 3]
  Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor> full_weights;           // [V, 3]
  int size() const { return static_cast<int>(vertices.size()); }
};

BodySample make_body_sample(const body::BodyModel& model, const BodySampleOptions& options = {});

// Values of the sample → values of all V vertices.
Eigen::VectorXf to_all_vertices(const BodySample& sample, const Eigen::VectorXf& values);

// Where the sample's points lie on another body (SMPL, SMPL-X: any vertex count): the vertices nearest to them when both
// stand in the canonical pose at the same height (with the arms as that body holds them: they are tried from hanging to
// level). The identity (sample.vertices) for the model's own body.
std::vector<int> sample_on(const BodySample& sample, const body::BodyModel& model, const body::PhotoBody& body);

}  // namespace tactus::evidence
