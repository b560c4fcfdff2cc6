#include "call/builder.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/memory.h"
#include "base/throw_error.h"
#include "call/convolutions.h"
#include "program/arguments.h"
#include "program/rewrite.h"
#include "tensor/dtype.h"
#include "tensor/random.h"

namespace maas {
namespace {

// Two primes: a size that follows the batch differs between them, one that does not cannot.
constexpr std::pair<int64_t, int64_t> kBatchSizes = {7, 11};
constexpr const char* kBatchSymbol = "s0";

// Before weights are allocated: sizes come from a config or a file.
void check_fits_memory(const std::string& where, const std::vector<int64_t>& sizes) {
  const auto bytes = dense_bytes(at::kFloat, sizes);
  const auto available = static_cast<uint64_t>(available_memory());
  if (bytes && *bytes <= available) return;
  const auto gib = [](uint64_t count) { return static_cast<double>(count) / (1 << 30); };
  throw Error(
      ErrorKind::kResources,
      {.where = where,
       .what = fmt::format("weights of [{}] {}", fmt::join(sizes, ", "),
                           bytes ? fmt::format("take {:.1f} GiB", gib(*bytes))
                                 : std::string("are more than can be counted")),
       .expected = fmt::format("at most the {:.1f} GiB of memory that are free", gib(available)),
       .fix = "make the network smaller, or use a machine with more memory"});
}

}  // namespace

GraphBuilder::GraphBuilder(std::string where, uint64_t seed)
    : where_(std::move(where)), inference_(where_), batch_sizes_(kBatchSizes), seed_(seed) {}

std::string GraphBuilder::fresh_name(const std::string& stem) {
  std::string name = stem;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  const std::string base = name;
  const auto taken = [&] {
    return std::ranges::any_of(program_.values,
                               [&](const Value& value) { return value.name == name; });
  };
  for (int64_t i = 1; taken(); ++i) name = fmt::format("{}_{}", base, i);
  return name;
}

Handle GraphBuilder::add_input(GraphInput input, const Value& value, const at::Tensor& tensor) {
  input.value = static_cast<ValueId>(program_.values.size());
  program_.values.push_back(value);
  // Python's order: parameters, buffers, user inputs.
  auto place = program_.inputs.begin();
  while (place != program_.inputs.end() && place->kind <= input.kind) ++place;
  program_.inputs.insert(place, input);
  if (input.kind == GraphInput::Kind::kParameter) program_.parameters[input.target] = tensor;
  if (input.kind == GraphInput::Kind::kBuffer) program_.buffers[input.target] = tensor;
  const Value& stored = program_.values.back();
  first_.push_back(inference_.declared(stored, {{kBatchSymbol, batch_sizes_.first}}));
  second_.push_back(inference_.declared(stored, {{kBatchSymbol, batch_sizes_.second}}));
  return {input.value};
}

Handle GraphBuilder::input(const std::string& name, const std::vector<int64_t>& shape,
                           at::ScalarType dtype) {
  Value value;
  value.name = fresh_name(name);
  value.dtype = dtype;
  value.shape.emplace_back(kBatchSymbol, batch_sizes_.first);
  value.shape.insert(value.shape.end(), shape.begin(), shape.end());
  program_.symbols[kBatchSymbol] = {1, std::nullopt};
  return add_input({GraphInput::Kind::kUser, kNoValue, name, true, None{}}, value, {});
}

Handle GraphBuilder::parameter(const std::string& name, const at::Tensor& tensor) {
  Value value;
  value.name = fresh_name("p_" + name);
  value.dtype = tensor.scalar_type();
  value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
  value.requires_grad = true;
  return add_input({GraphInput::Kind::kParameter, kNoValue, name, true, None{}}, value, tensor);
}

Handle GraphBuilder::buffer(const std::string& name, const at::Tensor& tensor) {
  Value value;
  value.name = fresh_name("b_" + name);
  value.dtype = tensor.scalar_type();
  value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
  return add_input({GraphInput::Kind::kBuffer, kNoValue, name, true, None{}}, value, tensor);
}

std::vector<Handle> GraphBuilder::call_many(const std::string& op,
                                            const std::vector<Operand>& operands, size_t count) {
  Node node = make_node(op, operands);
  const std::string stem = node.op.substr(node.op.find("::") + 2);
  std::vector<Handle> results;
  for (size_t i = 0; i < count; ++i) {
    Value value;
    value.name = fresh_name(stem);
    results.push_back({static_cast<ValueId>(program_.values.size())});
    node.outputs.push_back({{results.back().id}, false});
    program_.values.push_back(std::move(value));
  }
  program_.nodes.push_back(std::move(node));
  const auto index = static_cast<int64_t>(program_.nodes.size()) - 1;
  try {
    inference_.run(program_, index, first_);
    inference_.run(program_, index, second_);
  } catch (const Error& error) {
    throw_usage(where_, fmt::format("{}: {}", stem, error.first().what),
                "layers whose shapes fit the data and each other",
                "change the sizes of the network or of its input");
  }
  for (const Handle& result : results) {
    Value& value = program_.value(result.id);
    const at::Tensor& a = first_[result.id].toTensor();
    const at::Tensor& b = second_[result.id].toTensor();
    value.dtype = a.scalar_type();
    for (int64_t d = 0; d < a.dim(); ++d) {
      const auto dim = linear_dim(kBatchSymbol, batch_sizes_, a.size(d), b.size(d));
      MAAS_CHECK(dim.has_value());
      value.shape.push_back(*dim);
    }
  }
  return results;
}

Handle GraphBuilder::call(const std::string& op, const std::vector<Operand>& operands) {
  return call_many(op, operands, 1)[0];
}

Handle GraphBuilder::uniform_parameter(const std::string& name, const std::vector<int64_t>& sizes,
                                       double bound) {
  check_fits_memory(where_, sizes);
  const uint64_t seed = mix_seed(seed_, "weights", static_cast<uint64_t>(draws_++));
  return parameter(name, uniform_tensor(sizes, bound, seed));
}

Handle GraphBuilder::normal_parameter(const std::string& name, const std::vector<int64_t>& sizes,
                                      double std_dev) {
  check_fits_memory(where_, sizes);
  const uint64_t seed = mix_seed(seed_, "weights", static_cast<uint64_t>(draws_++));
  return parameter(name, normal_tensor(sizes, std_dev, seed));
}

bool GraphBuilder::is_user_input(Handle x) const {
  return std::any_of(program_.inputs.begin(), program_.inputs.end(), [&](const GraphInput& input) {
    return input.kind == GraphInput::Kind::kUser && input.value == x.id;
  });
}

int64_t GraphBuilder::known_dim(Handle x, int64_t dim, const std::string& layer) const {
  const std::vector<Dim>& sizes = shape(x);
  const auto index = dim < 0 ? static_cast<int64_t>(sizes.size()) + dim : dim;
  const bool there = index >= 0 && index < static_cast<int64_t>(sizes.size());
  if (there && !sizes[index].is_symbolic()) {
    return sizes[index].size;
  }
  throw_usage(where_, fmt::format("{} takes no input of shape {}", layer, to_text(sizes)),
              fmt::format("a fixed size in dimension {}", dim),
              "add or remove a flatten layer, or change the data's shape");
}

Handle GraphBuilder::linear(const std::string& name, Handle x, int64_t outputs,
                            const LinearOptions& options) {
  const int64_t inputs = known_dim(x, -1, "linear layer '" + name + "'");
  const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
  const Handle weight = uniform_parameter(name + ".weight", {outputs, inputs}, bound);
  Argument bias = None{};
  if (options.bias) bias = ValueRef{uniform_parameter(name + ".bias", {outputs}, bound).id};
  return call("aten::linear",
              {{"input", ValueRef{x.id}}, {"weight", ValueRef{weight.id}}, {"bias", bias}});
}

Handle GraphBuilder::conv2d(const std::string& name, Handle x, int64_t outputs, int64_t kernel,
                            const WindowOptions& options) {
  if (shape(x).size() != 4) {
    throw_usage(
        where_, fmt::format("convolution '{}' takes no input of shape {}", name, to_text(shape(x))),
        "images [B, C, H, W]", "use image data, or put the convolutions before the flatten layer");
  }
  return convolve(*this, name, x, outputs,
                  {.kernel = kernel,
                   .stride = options.stride,
                   .padding = options.padding,
                   .groups = options.groups,
                   .bias = options.bias});
}

Handle GraphBuilder::batch_norm(const std::string& name, Handle x,
                                const BatchNormOptions& options) {
  const int64_t channels = known_dim(x, 1, "batch norm '" + name + "'");
  const Handle weight = parameter(name + ".weight", at::ones({channels}));
  const Handle bias = parameter(name + ".bias", at::zeros({channels}));
  const Handle mean = buffer(name + ".running_mean", at::zeros({channels}));
  const Handle variance = buffer(name + ".running_var", at::ones({channels}));
  return call("aten::batch_norm", {{"input", ValueRef{x.id}},
                                   {"weight", ValueRef{weight.id}},
                                   {"bias", ValueRef{bias.id}},
                                   {"running_mean", ValueRef{mean.id}},
                                   {"running_var", ValueRef{variance.id}},
                                   {"training", false},
                                   {"momentum", options.momentum},
                                   {"eps", options.epsilon},
                                   {"cudnn_enabled", true}});
}

Handle GraphBuilder::layer_norm(const std::string& name, Handle x, double epsilon) {
  const int64_t width = known_dim(x, -1, "layer norm '" + name + "'");
  const Handle weight = parameter(name + ".weight", at::ones({width}));
  const Handle bias = parameter(name + ".bias", at::zeros({width}));
  return call("aten::layer_norm", {{"input", ValueRef{x.id}},
                                   {"normalized_shape", IntList{{{width}}}},
                                   {"weight", ValueRef{weight.id}},
                                   {"bias", ValueRef{bias.id}},
                                   {"eps", epsilon}});
}

Handle GraphBuilder::embedding(const std::string& name, Handle indices, int64_t rows, int64_t width,
                               double spread) {
  const Handle weight = normal_parameter(name + ".weight", {rows, width}, spread);
  return call("aten::embedding",
              {{"weight", ValueRef{weight.id}}, {"indices", ValueRef{indices.id}}});
}

Handle GraphBuilder::activation(const std::string& kind, Handle x) {
  if (kind == "relu6") {  // as exports have it
    return call("aten::hardtanh", {{"self", ValueRef{x.id}}, {"min_val", 0.0}, {"max_val", 6.0}});
  }
  return call("aten::" + kind, {{kind == "input" ? "input" : "self", ValueRef{x.id}}});
}

Handle GraphBuilder::dropout(Handle x, double probability) {
  if (probability == 0) return x;
  return call("aten::dropout", {{"input", ValueRef{x.id}}, {"p", probability}, {"train", false}});
}

Handle GraphBuilder::max_pool2d(Handle x, int64_t kernel, int64_t stride, int64_t padding) {
  return max_pool(*this, x, {.kernel = kernel, .stride = stride, .padding = padding});
}

Handle GraphBuilder::global_avg_pool(Handle x) {
  return call("aten::adaptive_avg_pool2d",
              {{"self", ValueRef{x.id}}, {"output_size", IntList{{{1}, {1}}}}});
}

Handle GraphBuilder::flatten(Handle x) {
  return call("aten::flatten.using_ints", {{"self", ValueRef{x.id}}, {"start_dim", int64_t{1}}});
}

Handle GraphBuilder::reshape(Handle x, const std::vector<int64_t>& sizes) {
  return call("aten::reshape", {{"self", ValueRef{x.id}}, {"shape", int_list(sizes)}});
}

Handle GraphBuilder::permute(Handle x, const std::vector<int64_t>& order) {
  return call("aten::permute", {{"self", ValueRef{x.id}}, {"dims", int_list(order)}});
}

Handle GraphBuilder::transpose(Handle x, int64_t a, int64_t b) {
  return call("aten::transpose.int", {{"self", ValueRef{x.id}}, {"dim0", a}, {"dim1", b}});
}

Handle GraphBuilder::add(Handle a, Handle b) {
  return call("aten::add.Tensor", {{"self", ValueRef{a.id}}, {"other", ValueRef{b.id}}});
}

Handle GraphBuilder::concat(const std::vector<Handle>& parts, int64_t dim) {
  ValueList list;
  for (const Handle& part : parts) list.ids.push_back(part.id);
  return call("aten::cat", {{"tensors", list}, {"dim", dim}});
}

Program GraphBuilder::finish(const std::vector<std::pair<std::string, Handle>>& outputs) {
  for (const auto& [name, handle] : outputs) {
    // The file keeps the value's name only.
    if (program_.value(handle.id).name != name) program_.value(handle.id).name = fresh_name(name);
    program_.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{handle.id}, ""});
    program_.user_output_names.push_back(name);
  }
  return std::move(program_);
}

}  // namespace maas
