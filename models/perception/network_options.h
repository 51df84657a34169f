// Every size of the network by name with its limits, so that reading, writing and refusing use one list.
#pragma once

#include "tactus/perception/weights_info.h"

namespace tactus::perception {

// visit(name, value, lowest, highest)
template <typename Options, typename Visit>
void visit_sizes(Options& o, Visit&& visit) {
  visit("image", o.image, 32, 1024);
  visit("width_2", o.width_2, 8, 1024);
  visit("width_4", o.width_4, 8, 1024);
  visit("width_8", o.width_8, 8, 1024);
  visit("width_16", o.width_16, 8, 4096);
  visit("blocks_4", o.blocks_4, 0, 16);
  visit("blocks_8", o.blocks_8, 0, 16);
  visit("blocks_16", o.blocks_16, 0, 16);
  visit("attention_layers", o.attention_layers, 0, 32);
  visit("heads", o.heads, 1, 256);
  visit("category_width", o.category_width, 1, 1024);
  visit("categories", o.categories, 1, 10000);
  visit("parts", o.parts, 2, 250);
  visit("joints", o.joints, 1, 1000);
  visit("things", o.things, 0, 1);
}

}  // namespace tactus::perception
