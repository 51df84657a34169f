#include "stage_inputs.h"

namespace tactus::pipeline {

std::vector<const views::RasterMaps*> maps_of(const std::vector<views::RenderedView>& rendered) {
  std::vector<const views::RasterMaps*> maps;
  for (const auto& view : rendered) maps.push_back(&view.maps);
  return maps;
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
