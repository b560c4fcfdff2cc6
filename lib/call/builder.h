// Builds Programs: `auto h = g.relu(g.linear("fc1", x, 128));`. Shapes are worked out as the graph
// grows, so a mismatch is an error at the line that made it.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "call/infer.h"
#include "program/emit.h"
#include "program/program.h"

namespace maas {

// A value of the graph under construction. Valid while its builder lives.
struct Handle {
  ValueId id = kNoValue;
};

// Options of conv2d and pooling; the same number is used for height and width.
struct WindowOptions {
  int64_t stride = 1, padding = 0, groups = 1;
  bool bias = true;
};

struct LinearOptions {
  bool bias = true;
};

struct BatchNormOptions {
  double momentum = 0.1, epsilon = 1e-5;
};

// Initialises weights as PyTorch's layers do by default (kaiming_uniform with a = sqrt(5), i.e.
// uniform in +-1/sqrt(fan_in), for weight and bias; ones and zeros for norms), from one seed and
// in the order of the calls. Errors are Error{kUsage} naming `where` and the layer, with shapes.
class GraphBuilder {
 public:
  // `where` names the network in messages, such as "model (mlp)".
  GraphBuilder(std::string where, uint64_t seed);

  // A user input [B, shape...] whose batch size is the symbol s0.
  Handle input(const std::string& name, const std::vector<int64_t>& shape, at::ScalarType dtype);
  Handle parameter(const std::string& name, const at::Tensor& tensor);
  // Drawn in the order of the calls: uniform in [-bound, bound), or around 0.
  Handle uniform_parameter(const std::string& name, const std::vector<int64_t>& sizes,
                           double bound);
  Handle normal_parameter(const std::string& name, const std::vector<int64_t>& sizes,
                          double std_dev);
  Handle buffer(const std::string& name, const at::Tensor& tensor);

  // Any ATen operator: "aten::relu", or "aten::add.Tensor". Arguments by schema order.
  using Operand = maas::Operand;
  Handle call(const std::string& op, const std::vector<Operand>& operands);
  // For operators with several results: the first `count`.
  std::vector<Handle> call_many(const std::string& op, const std::vector<Operand>& operands,
                                size_t count);

  // Layers with weights; `name` becomes the prefix of their parameters ("fc1.weight").
  Handle linear(const std::string& name, Handle x, int64_t outputs,
                const LinearOptions& options = {});  // [.., O]
  Handle conv2d(const std::string& name, Handle x, int64_t outputs, int64_t kernel,
                const WindowOptions& options);  // [B,O,H,W]
  Handle batch_norm(const std::string& name, Handle x,
                    const BatchNormOptions& options = {});                      // [B,C,...]
  Handle layer_norm(const std::string& name, Handle x, double epsilon = 1e-5);  // last dim
  // Drawn with the standard deviation `spread`.
  Handle embedding(const std::string& name, Handle indices, int64_t rows, int64_t width,
                   double spread = 1);

  // Layers without.
  // relu|sigmoid|tanh|gelu|silu|leaky_relu|relu6|hardswish|hardsigmoid|elu|mish|softplus
  Handle activation(const std::string& kind, Handle x);
  Handle relu(Handle x) { return activation("relu", x); }
  Handle dropout(Handle x, double probability);  // x itself for 0
  Handle max_pool2d(Handle x, int64_t kernel, int64_t stride, int64_t padding);
  Handle global_avg_pool(Handle x);                             // [B, C, H, W] -> [B, C, 1, 1]
  Handle flatten(Handle x);                                     // [B, ...] -> [B, product]
  Handle reshape(Handle x, const std::vector<int64_t>& sizes);  // -1: what is left
  Handle permute(Handle x, const std::vector<int64_t>& order);
  Handle transpose(Handle x, int64_t a, int64_t b);  // two dimensions change places
  Handle add(Handle a, Handle b);
  Handle concat(const std::vector<Handle>& parts, int64_t dim);

  const std::vector<Dim>& shape(Handle x) const { return program_.value(x.id).shape; }
  // The size of a dimension (-1 = the last). Throws Error{kUsage} naming `layer` where there is no
  // such dimension, or its size is not fixed.
  int64_t known_dim(Handle x, int64_t dim, const std::string& layer) const;
  bool is_user_input(Handle x) const;
  const std::string& where() const { return where_; }

  // Marks the results and gives the Program away.
  Program finish(const std::vector<std::pair<std::string, Handle>>& outputs);

 private:
  Handle add_input(GraphInput input, const Value& value, const at::Tensor& tensor);
  std::string fresh_name(const std::string& stem);

  std::string where_;
  Program program_;
  ShapeInference inference_;
  Slots first_, second_;  // meta tensors for two batch sizes
  std::pair<int64_t, int64_t> batch_sizes_;
  uint64_t seed_;
  int64_t draws_ = 0;
};

}  // namespace maas
