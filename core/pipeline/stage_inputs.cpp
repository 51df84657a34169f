#include "stage_inputs.h"

#include <utility>

#include "tactus/pipeline/edits.h"

namespace tactus::pipeline {

std::vector<const views::RasterMaps*> maps_of(const std::vector<views::RenderedView>& rendered) {
  std::vector<const views::RasterMaps*> maps;
  for (const auto& view : rendered) maps.push_back(&view.maps);
  return maps;
}

namespace {

contact::VertexContact finished(contact::VertexContact lifted, const std::optional<Eigen::VectorXf>& answer,
                                const std::map<int, ImageF>& view_edits, const std::vector<const views::RasterMaps*>& maps,
                                const std::optional<Eigen::VectorXf>& vertex_edit, const char* what) {
  if (answer) lifted = with_surface_answer(std::move(lifted), *answer, view_edits, maps, what);
  apply_edit(lifted, vertex_edit, what);
  return lifted;
}

}  // namespace

contact::VertexContact body_contact(const Analysis& a) {
  const auto maps = maps_of(*a.body_views);
  auto lifted = contact::lift_body(with_edits(a.prediction->body_logits, a.inputs->body_view_edit), maps,
                                   a.body->mesh.vertex_count(), a.options.lift);
  return finished(std::move(lifted), a.prediction->body_probability, a.inputs->body_view_edit, maps,
                  a.inputs->body_contact_edit, "body");
}

contact::VertexContact object_contact(const Analysis& a) {
  const auto maps = maps_of(*a.object_views);
  auto lifted = contact::lift_object(with_edits(a.prediction->object_logits, a.inputs->object_view_edit), maps,
                                     a.object->mesh.vertex_count(), a.options.lift);
  return finished(std::move(lifted), a.prediction->object_probability, a.inputs->object_view_edit, maps,
                  a.inputs->object_contact_edit, "object");
}

reconstruct::ReconstructInput joint_input(const Analysis& a) {
  reconstruct::ReconstructInput joint;
  joint.camera = a.body->camera;
  joint.human = a.body->mesh;
  joint.human_contact = a.body_contact->probability;
  joint.object = a.object->mesh;
  joint.object_contact = a.object_contact->probability;
  joint.object_mask = *a.inputs->object_mask;
  joint.human_mask = a.inputs->human_mask;
  if (!a.object->category.empty() && !a.inputs->object_size_m) {
    for (const auto& category : objects::categories())
      if (category.name == a.object->category) joint.object_size_spread = category.size_spread;
  }
  return joint;
}

}  // namespace tactus::pipeline
