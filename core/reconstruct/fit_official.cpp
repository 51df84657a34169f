// The published fit (METHOD.md §8.7–8.10), oddities included: union without the intersection, centroid against the
// bounding box, all pairs in the contact loss, a dilated silhouette of constant sharpness.
#include "adam.h"
#include "contact_loss.h"
#include "fit_modes.h"
#include "image_losses.h"
#include "prepared.h"

namespace tactus::reconstruct {

FitResult fit_official(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
                       const FitOptions& options, const Progress& progress, const FitCallback& callback) {
  const OfficialFrames frames(input);
  const SilhouetteTarget target(input.object_mask, nullptr, Mode::official);
  const Eigen::VectorXf object_contact = filtered_object_contact(input, AlignOptions{}.object_threshold);
  Eigen::Matrix3d row_rotation = Eigen::Matrix3d::Identity();
  Eigen::Vector3d translation = Eigen::Vector3d::Zero();
  frames.to_rows(starts.candidates.front().photo_from_object, row_rotation, translation);
  geometry::Rotation6 rotation6 = geometry::rotation6_from_matrix(row_rotation);
  Eigen::Matrix<double, 1, 1> scale = Eigen::Matrix<double, 1, 1>::Ones();
  Adam<6> rotation_adam;
  Adam<3> translation_adam;
  Adam<1> scale_adam;
  const SilhouetteOptions silhouette{options.sigma_start_ndc2, options.faces_per_pixel};

  FitResult result;
  ImageF of_alpha;
  VerticesD of_contact;
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    progress.check();
    progress.report(static_cast<double>(iteration) / options.max_iterations);
    const Eigen::Matrix3d rotation = geometry::matrix_from_rotation6(rotation6);
    const VerticesD centred = (scale[0] * frames.object * rotation).rowwise() + translation.transpose();
    const VerticesD posed = centred.rowwise() + frames.off.transpose();
    const ImageF& alpha = renderer.forward(posed, input.object.faces, input.camera, silhouette);
    const ImageLoss picture = image_loss(alpha, target, Mode::official, options.mask_weight, options.centroid_weight, of_alpha);
    const double contact = pairwise_contact_loss(centred, object_contact, frames.human, input.human_contact, of_contact);
    FitRecord record;
    record.photo_from_object = frames.photo_from_object(rotation, translation, scale[0]);
    record.loss_mask = options.mask_weight * picture.mask;
    record.loss_centroid = options.centroid_weight * picture.centroid;
    record.loss_contact = options.contact_weight * contact;
    record.loss_total = record.loss_mask + record.loss_centroid + record.loss_contact;
    record.sigma_ndc2 = options.sigma_start_ndc2;
    result.records.push_back(record);
    result.photo_from_object = record.photo_from_object;
    if (callback && !callback(iteration, record)) break;

    const VerticesD of_vertices = renderer.backward(of_alpha) + options.contact_weight * of_contact;
    const Eigen::Matrix3d of_rotation = scale[0] * frames.object.transpose() * of_vertices;   // v' = s·v·R
    const Eigen::Vector3d of_translation = of_vertices.colwise().sum().transpose();
    Eigen::Matrix<double, 1, 1> of_scale;
    of_scale[0] = (frames.object * rotation).cwiseProduct(of_vertices).sum();
    rotation_adam.step(rotation6, geometry::rotation6_gradient(rotation6, of_rotation), options.rotation_rate);
    translation_adam.step(translation, of_translation, options.translation_rate);
    if (options.optimise_scale) scale_adam.step(scale, of_scale, options.scale_rate);
    const auto count = result.records.size();
    if (options.early_stop && count > 1 &&
        std::abs(result.records[count - 1].loss_total - result.records[count - 2].loss_total) < 1e-6) {
      result.termination = Termination::converged;
      break;
    }
  }
  return result;
}

}  // namespace tactus::reconstruct
