#include "tactus/layers/linear.h"

#include <ATen/ops/_convert_weight_to_int4pack_for_cpu.h>
#include <ATen/ops/_weight_int4pack_mm_for_cpu.h>
#include <ATen/ops/_weight_int8pack_mm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/GradMode.h>

#include <sstream>
#include <string>
#include <vector>

#include "tactus/error.h"

namespace tactus::layers {
namespace {

using checkpoint::Precision;

// libtorch's packed int4 rows come in blocks of this many.
constexpr std::int64_t kRowBlock = 16;

// From this many rows on it pays to widen the weight first.
constexpr std::int64_t kManyRows = 32;

// Without such instructions products in bf16 take four times as long as in fp32, whose sums they are anyway.
bool multiplies_bf16() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx512bf16");
#else
  return true;
#endif
}

std::string text(at::IntArrayRef shape) {
  std::ostringstream out;
  out << '[';
  for (std::size_t i = 0; i < shape.size(); ++i) out << (i ? ", " : "") << shape[i];
  out << ']';
  return out.str();
}

// The stored nibbles [N, K/2], even column in the low half → int32 [N, K].
at::Tensor unpack_nibbles(const at::Tensor& bytes) {
  const at::Tensor low = bytes.bitwise_and(15), high = bytes.bitwise_right_shift(4);
  return at::stack({low, high}, -1).flatten(-2).to(at::kInt);
}

}  // namespace

LinearImpl::LinearImpl(const LinearOptions& options) : options(options) {
  weight = register_parameter("weight", at::empty({options.out_features, options.in_features}));
  if (options.bias) bias = register_parameter("bias", at::empty({options.out_features}));
}

Precision LinearImpl::precision() const {
  if (group_) return Precision::int4;
  if (!weight.defined()) return Precision::int8;
  return weight.scalar_type() == at::kFloat ? Precision::fp32 : Precision::bf16;
}

at::Tensor LinearImpl::product(const at::Tensor& x, at::ScalarType dtype) const {
  const at::Tensor full = weight.defined() ? weight.to(dtype) : dequantised().to(dtype);
  return at::linear(x.to(dtype), full, bias.defined() ? bias.to(dtype) : bias).to(x.scalar_type());
}

at::Tensor LinearImpl::forward(const at::Tensor& x) {
  const bool many = x.numel() >= kManyRows * options.in_features;
  if (weight.defined()) {
    const bool widen = many && weight.scalar_type() == at::kBFloat16 && weight.is_cpu() && !multiplies_bf16();
    return widen ? product(x, at::kFloat) : at::linear(x, weight, bias);
  }
  // The packed products have no derivative.
  if (c10::GradMode::is_enabled() && x.requires_grad()) return product(x, x.scalar_type());
  if (many && group_ == 0) return product(x, values_.is_cpu() && !multiplies_bf16() ? at::kFloat : at::kBFloat16);
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = options.out_features;
  // libtorch's products are fast in bf16 alone: in fp32 its int4 one takes a hundred times longer.
  const at::Tensor rows = x.reshape({-1, options.in_features}).to(at::kBFloat16);
  at::Tensor y = group_ == 0 ? at::_weight_int8pack_mm(rows, values_, scales_)
                             : at::_weight_int4pack_mm_for_cpu(rows, values_, group_, scales_.contiguous());
  if (y.size(1) != options.out_features) y = y.narrow(1, 0, options.out_features);
  y = y.to(x.scalar_type());
  if (bias.defined()) y = y + bias.to(y.scalar_type());
  return y.reshape(shape);
}

at::Tensor LinearImpl::dequantised() const {
  const at::NoGradGuard no_grad;
  if (weight.defined()) return weight.to(at::kFloat);
  if (group_ == 0) return values_.to(at::kFloat) * scales_.to(at::kFloat).unsqueeze(1);
  // The packed order is libtorch's own. A product with the identity, scales 1 and zeros 0 undoes it: small whole
  // numbers, exact in bf16.
  const std::int64_t rows = options.out_features, columns = options.in_features;
  const at::Tensor identity = at::eye(columns, at::kBFloat16);
  at::Tensor plain = at::zeros_like(scales_, at::MemoryFormat::Contiguous);
  plain.select(2, 0).fill_(1);
  const at::Tensor levels =
      at::_weight_int4pack_mm_for_cpu(identity, values_, group_, plain).narrow(1, 0, rows).t().to(at::kFloat);
  const at::Tensor scales = scales_.narrow(1, 0, rows).to(at::kFloat).transpose(0, 1).unsqueeze(-1);
  const at::Tensor grouped = levels.reshape({rows, columns / group_, group_});
  return (grouped * scales.select(2, 0) + scales.select(2, 1)).reshape({rows, columns});
}

void LinearImpl::to(torch::Device device, torch::Dtype dtype, bool non_blocking) {
  Module::to(device, dtype, non_blocking);
  move(device);
}

void LinearImpl::to(torch::Dtype dtype, bool non_blocking) { Module::to(dtype, non_blocking); }

void LinearImpl::to(torch::Device device, bool non_blocking) {
  Module::to(device, non_blocking);
  move(device);
}

void LinearImpl::move(at::Device device) {
  if (weight.defined() || values_.device() == device) return;
  if (group_ == 0) {
    values_ = values_.to(device);
    scales_ = scales_.to(device);
  } else {
    hold(checkpoint::quantise_int8(dequantised()), device);
  }
}

void LinearImpl::drop_weight() {
  weight = at::Tensor();
  if (parameters_.contains("weight")) parameters_.erase("weight");
}

void LinearImpl::hold(const checkpoint::Int8Weight& stored, at::Device device) {
  values_ = stored.values.to(device).contiguous();
  scales_ = stored.scale.to(device, at::kBFloat16).contiguous();
  group_ = 0;
  drop_weight();
}

void LinearImpl::hold(const checkpoint::Int4Weight& stored, at::Device device) {
  if (!device.is_cpu()) {
    hold(checkpoint::quantise_int8(checkpoint::dequantise(stored)), device);
    return;
  }
  at::Tensor values = unpack_nibbles(stored.values), scales = stored.scales_and_zeros.to(at::kBFloat16);
  const std::int64_t missing = (kRowBlock - options.out_features % kRowBlock) % kRowBlock;
  if (missing) {
    values = at::cat({values, at::zeros({missing, options.in_features}, at::kInt)}, 0);
    scales = at::cat({scales, at::zeros({scales.size(0), missing, 2}, scales.options())}, 1);
  }
  values_ = at::_convert_weight_to_int4pack_for_cpu(values.contiguous(), 1);
  scales_ = scales.contiguous();
  group_ = stored.group;
  drop_weight();
}

void LinearImpl::quantise(Precision precision) {
  const at::NoGradGuard no_grad;
  if (!weight.defined()) throw cannot_run("a linear layer that is quantised already cannot be quantised again");
  if (precision == Precision::fp32 || precision == Precision::bf16) {
    weight.set_data(weight.to(precision == Precision::fp32 ? at::kFloat : at::kBFloat16));
    return;
  }
  const at::Device device = weight.device();
  const at::Tensor full = weight.detach().to(at::kCPU, at::kFloat);
  constexpr int group = 64;
  if (precision == Precision::int4 && options.in_features % group == 0) {
    hold(checkpoint::quantise_int4(full, group), device);
  } else {
    hold(checkpoint::quantise_int8(full), device);
  }
}

LinearImpl::Plan LinearImpl::plan(const checkpoint::TensorSource& source, const std::string& prefix) const {
  Plan plan;
  const auto want = [&](const std::string& name, std::vector<std::int64_t> shape) {
    const checkpoint::TensorInfo* found = source.find(prefix + name);
    if (!found) {
      plan.problems.push_back(prefix + name + " is missing (expected " + text(shape) + ")");
      return;
    }
    plan.names.push_back(found->name);
    if (found->shape != shape) {
      plan.problems.push_back(found->name + " is " + text(found->shape) + " (expected " + text(shape) + ")");
    }
  };
  const std::int64_t rows = options.out_features, columns = options.in_features;
  const checkpoint::TensorInfo* stored = source.find(prefix + "weight");
  if (stored && stored->dtype == at::kChar) {
    want("weight", {rows, columns});
    want("weight.scale", {rows});
  } else if (stored && stored->dtype == at::kByte) {
    want("weight", {rows, columns / 2});
    const checkpoint::TensorInfo* scales = source.find(prefix + "weight.scales_and_zeros");
    const std::int64_t groups = scales && scales->shape.size() == 3 ? scales->shape[0] : 0;
    if (scales && (groups < 1 || columns % groups != 0)) {
      plan.names.push_back(scales->name);
      plan.problems.push_back(scales->name + " is " + text(scales->shape) + " (expected [groups, " +
                              std::to_string(rows) + ", 2] with " + std::to_string(columns) +
                              " columns in equal groups)");
    } else {
      want("weight.scales_and_zeros", {groups ? groups : columns / 64, rows, 2});
    }
  } else {
    want("weight", {rows, columns});
    if (stored && !at::isFloatingType(stored->dtype)) {
      plan.problems.push_back(stored->name + " holds " + c10::toString(stored->dtype) +
                              " (expected floats, int8 or uint8)");
    }
  }
  if (options.bias) want("bias", {rows});
  return plan;
}

void LinearImpl::load(const checkpoint::TensorSource& source, const std::string& prefix, at::ScalarType dtype,
                      at::Device device) {
  const at::NoGradGuard no_grad;
  const at::Tensor stored = source.read(prefix + "weight");
  if (stored.scalar_type() == at::kChar) {
    hold(checkpoint::Int8Weight{stored, source.read(prefix + "weight.scale")}, device);
  } else if (stored.scalar_type() == at::kByte) {
    const at::Tensor scales = source.read(prefix + "weight.scales_and_zeros");
    hold(checkpoint::Int4Weight{stored, scales, static_cast<int>(options.in_features / scales.size(0))}, device);
  } else {
    const at::Tensor converted = stored.to(device, keep_stored_dtype ? stored.scalar_type() : dtype);
    if (weight.defined()) {
      weight.set_data(converted);
    } else {
      weight = register_parameter("weight", converted);
    }
    values_ = scales_ = at::Tensor();
    group_ = 0;
  }
  if (options.bias) bias.set_data(source.read(prefix + "bias").to(device, dtype));
}

}  // namespace tactus::layers
