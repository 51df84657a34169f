#pragma once

#include "tactus/reconstruct/reconstruct.h"

namespace tactus::reconstruct {

FitResult fit_official(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
                       const FitOptions& options, const Progress& progress, const FitCallback& callback);
FitResult fit_corrected(const ReconstructInput& input, const AlignResult& starts, SilhouetteRenderer& renderer,
                        const FitOptions& options, const Progress& progress, const FitCallback& callback);

}  // namespace tactus::reconstruct
