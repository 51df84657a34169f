// Several linear layers of one input as one product, without a change to their names.
#pragma once

#include <vector>

#include "tactus/layers/linear.h"

namespace tactus::layers {

// One layer that computes all of `parts`, whose weights become views of its own. Null where they do not fit
// together: a bias, different precisions, or rows that the packed int4 form cannot divide.
Linear fuse(const std::vector<LinearImpl*>& parts);

// Whether the weight of `part` still lies inside that of `whole`: not after it was
// loaded, moved or quantised anew.
bool is_part(const LinearImpl& part, const LinearImpl& whole);

// parts[i](x), by one product where `fused` is theirs and no gradient is wanted.
std::vector<at::Tensor> apply(const std::vector<LinearImpl*>& parts, Linear& fused, const at::Tensor& x);

}  // namespace tactus::layers
