// Adam (Kingma and Ba 2015) as PyTorch computes it: betas 0.9 and 0.999, eps 1e-8, no weight decay.
#pragma once

#include <Eigen/Core>
#include <cmath>

namespace tactus::reconstruct {

template <int N>
class Adam {
 public:
  using Vector = Eigen::Matrix<double, N, 1>;

  void step(Vector& parameters, const Vector& gradient, double rate) {
    ++count_;
    first_ = 0.9 * first_ + 0.1 * gradient;
    second_ = 0.999 * second_ + 0.001 * gradient.cwiseProduct(gradient);
    const double correction1 = 1.0 - std::pow(0.9, count_), correction2 = 1.0 - std::pow(0.999, count_);
    parameters.array() -= rate / correction1 * first_.array() / ((second_.array().sqrt() / std::sqrt(correction2)) + 1e-8);
  }

 private:
  Vector first_ = Vector::Zero(), second_ = Vector::Zero();
  int count_ = 0;
};

}  // namespace tactus::reconstruct
