// A network spelt out in the config, layer by layer; the last layer is a linear one to the outputs,
// added here.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/throw_error.h"
#include "call/convolutions.h"
#include "call/norms.h"
#include "call/sequence_layers.h"
#include "program/arguments.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

// One network while it is built.
class Stack {
 public:
  Stack(GraphBuilder& g, Handle input) : g_(g), last_(input) { named_["input"] = input; }

  // Errors are at the layer's item in the config, not at the network's.
  void add(const LayerConfig& layer) {
    const std::string name = fmt::format("{}{}", layer.type, number_);
    std::string input;
    mark_sources(layer);
    outputs_.push_back({layer.type});
    try {
      const Handle x = joins(layer) || layer.from.empty() ? last_ : single(name, layer);
      input = inputs_text(x, layer);
      last_ = added(name, x, layer);
      remember(name, layer);
    } catch (const Error& error) {
      Problem problem = error.first();
      if (problem.what.find('\'' + name + '\'') == std::string::npos) {
        problem.what = fmt::format("'{}'{}: {}", name, input, problem.what);
      }
      if (problem.where == g_.where()) {
        problem.where = place_of(number_ - 1);
      }
      throw Error(error.kind(), problem);
    }
    ++number_;
  }

  // The last layer's output. Throws Error{kUsage} at a layer that it does not hang on.
  Handle finish() {
    if (!outputs_.empty()) outputs_.back().is_read = true;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (outputs_[i].is_read) continue;
      throw_usage(place_of(static_cast<int64_t>(i)), "no layer reads its output",
                  "one that the next layer takes in, or another by `from`",
                  "take it out, or name it and read it: {add: its name}");
    }
    return last_;
  }

 private:
  struct Output {
    std::string type;
    bool is_read = false;
  };

  std::string place_of(int64_t index) const {
    return fmt::format("model.layers.{} (layer {}, {})", index, index + 1,
                       outputs_.at(static_cast<size_t>(index)).type);
  }

  void mark_sources(const LayerConfig& layer) {
    if (!outputs_.empty() && (joins(layer) || layer.from.empty())) outputs_.back().is_read = true;
    for (const std::string& source : layer.from) {
      const auto found = makers_.find(source);
      if (found != makers_.end()) outputs_[found->second].is_read = true;
    }
  }

  static bool joins(const LayerConfig& layer) {
    return layer.type == "add" || layer.type == "multiply" || layer.type == "concat";
  }

  void remember(const std::string& name, const LayerConfig& layer) {
    if (!layer.name.empty()) makers_.emplace(layer.name, outputs_.size() - 1);
    if (layer.name.empty() || named_.emplace(layer.name, last_).second) return;
    refuse(fmt::format("'{}' is named '{}', as another is", name, layer.name),
           "a name for each output", "choose another name; `input` is the network's input");
  }

  // " on [s0, 4, 6, 6]", " on [s0, 4, 6, 6] and [s0, 4, 8, 8] of 'stem'"
  std::string inputs_text(Handle x, const LayerConfig& layer) const {
    std::string text = fmt::format(" on {}", to_text(g_.shape(x)));
    for (size_t i = 0; joins(layer) && i < layer.from.size(); ++i) {
      const auto source = named_.find(layer.from[i]);
      if (source == named_.end()) continue;  // told by joined()
      text += fmt::format(" and {} of '{}'", to_text(g_.shape(source->second)), source->first);
    }
    return text;
  }

  [[noreturn]] void refuse(const std::string& what, const std::string& expected,
                           const std::string& fix) const {
    throw_usage(g_.where(), what, expected, fix);
  }

  // `source` is the name of an earlier layer that `layer` takes its input from.
  Handle named(const std::string& layer, const std::string& source) const {
    if (const auto found = named_.find(source); found != named_.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [known, handle] : named_) names.push_back(known);
    refuse(fmt::format("'{}' takes its input from '{}', which no layer before it is named{}", layer,
                       source, did_you_mean(source, names)),
           fmt::format("one of {}", fmt::join(names, ", ")),
           fmt::format("name that layer: {{type: ..., name: {}}}", source));
  }

  Handle single(const std::string& layer, const LayerConfig& config) const {
    if (config.from.size() == 1) return named(layer, config.from[0]);
    refuse(fmt::format("'{}' takes its input from {} outputs", layer, config.from.size()),
           "one; add, multiply and concat join several", "put one of these in front of it");
  }

  // Pooling over the last two dimensions takes [B, F], too, and would mix the samples of a batch.
  void check_places(Handle x, const std::string& layer) const {
    const size_t rank = g_.shape(x).size();
    if (rank == 3 || rank == 4) return;
    refuse(fmt::format("'{}' takes no input of shape {}", layer, to_text(g_.shape(x))),
           "images [B, C, H, W], or [B, C, L]",
           "use image data, or pool before the linear, flatten and global_avg_pool layers");
  }

  void check_rank(Handle x, const std::string& layer, size_t rank, const char* expected,
                  const char* fix) const {
    if (g_.shape(x).size() == rank) return;
    refuse(fmt::format("'{}' takes no input of shape {}", layer, to_text(g_.shape(x))), expected,
           fix);
  }

  // The batch is the -1 of the operator; one of the sizes may be what is left of a sample.
  Handle reshaped(const std::string& name, Handle x, std::vector<int64_t> sizes) {
    int64_t whole = 1, known = 1;
    for (size_t dim = 1; dim < g_.shape(x).size(); ++dim) {
      whole *= g_.known_dim(x, static_cast<int64_t>(dim), "'" + name + "'");
    }
    for (const int64_t size : sizes) known *= size == -1 ? 1 : size;
    const bool one_left = std::count(sizes.begin(), sizes.end(), -1) <= 1;
    if (!one_left || known <= 0 || whole % known != 0) {
      refuse(
          fmt::format("'{}' makes [{}] of {}", name, fmt::join(sizes, ", "), to_text(g_.shape(x))),
          fmt::format("sizes whose product is {}, at most one of them -1", whole),
          "leave the batch out of the shape");
    }
    std::replace(sizes.begin(), sizes.end(), int64_t{-1}, whole / known);
    sizes.insert(sizes.begin(), -1);
    return g_.reshape(x, sizes);
  }

  Handle convolution(const std::string& name, Handle x, const LayerConfig& layer) {
    ConvolutionOptions options{.kernel = layer.kernel,
                               .stride = std::max<int64_t>(layer.stride, 1),
                               .padding = layer.padding,
                               .dilation = layer.dilation,
                               .groups = layer.groups,
                               .bias = layer.bias};
    if (layer.type == "conv1d") {
      if (g_.shape(x).size() == 2) x = reshaped(name, x, {1, -1});
      check_rank(x, name, 3, "[B, C, L], or rows of numbers, which are one channel",
                 "use conv for images");
      return convolve(g_, name, x, layer.size, options);
    }
    check_rank(x, name, 4, "images [B, C, H, W]",
               "use image data, or put the convolutions before the flatten layer; conv1d is for "
               "sequences and rows");
    if (layer.type == "conv_transpose") {
      return convolve_transposed(g_, name, x, layer.size, options);
    }
    if (layer.type == "conv") return convolve(g_, name, x, layer.size, options);
    const int64_t channels = g_.known_dim(x, 1, "'" + name + "'");
    options.groups = channels;
    return convolve(g_, name, x, channels, options);
  }

  Handle pool(const std::string& name, Handle x, const LayerConfig& layer) {
    check_places(x, name);
    if (layer.type == "global_avg_pool") return pool_all(g_, x);
    const PoolOptions options{.kernel = layer.kernel,
                              .stride = layer.stride > 0 ? layer.stride : layer.kernel,
                              .padding = layer.padding};
    return layer.type == "max_pool" ? max_pool(g_, x, options) : avg_pool(g_, x, options);
  }

  Handle norm(const std::string& name, Handle x, const LayerConfig& layer) {
    if (layer.type == "batch_norm") return g_.batch_norm(name, x);
    if (layer.type == "group_norm") return group_norm(g_, name, x, layer.groups);
    if (layer.type == "instance_norm") return instance_norm(g_, name, x);
    return g_.shape(x).size() == 4 ? channel_norm(g_, name, x) : g_.layer_norm(name, x);
  }

  // A row of numbers that are indices.
  Handle embedded(const std::string& name, Handle x, const LayerConfig& layer) {
    if (!g_.is_user_input(x)) {
      refuse(fmt::format("'{}' takes numbers that were scaled or computed", name),
             "the whole numbers of the data as they are",
             "make it the first layer, and set data.normalize: none");
    }
    const Handle index =
        g_.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kLong}});
    return g_.embedding(name, index, layer.rows, layer.size);
  }

  Handle sequence(const std::string& name, Handle x, const LayerConfig& layer) {
    if (layer.type == "embedding") return embedded(name, x, layer);
    if (layer.type == "attention")
      return self_attention(g_, name, x, {.heads = layer.heads, .causal = layer.causal});
    if (layer.type == "position") {
      return layer.encoding == "sine" ? sine_positions(g_, name, x) : learnt_positions(g_, name, x);
    }
    return recurrent(g_, name, x,
                     {.kind = layer.type,
                      .size = layer.size,
                      .layers = layer.layers,
                      .bidirectional = layer.bidirectional,
                      .all_steps = layer.output == "all"});
  }

  Handle form(const std::string& name, Handle x, const LayerConfig& layer) {
    if (layer.type == "flatten") return g_.flatten(x);
    if (layer.type == "reshape") return reshaped(name, x, layer.shape);
    check_rank(x, name, 3, "a sequence [B, steps, width], or [B, C, L]",
               "put a reshape in front, such as reshape: [channels, -1]");
    if (layer.type == "mean") {
      return g_.call("aten::mean.dim", {{"self", ValueRef{x.id}}, {"dim", int_list({1})}});
    }
    return g_.transpose(x, 1, 2);
  }

  Handle joined(const std::string& name, Handle x, const LayerConfig& layer) {
    if (layer.from.empty()) {
      refuse(fmt::format("'{}' joins nothing to the layer before it", name),
             "the name of another output",
             fmt::format("write {}: NAME, and name: NAME at a layer before it", layer.type));
    }
    std::vector<Handle> parts = {x};
    for (const std::string& source : layer.from) parts.push_back(named(name, source));
    if (layer.type == "concat") return g_.concat(parts, 1);
    for (size_t i = 1; i < parts.size(); ++i) {
      const char* op = layer.type == "add" ? "aten::add.Tensor" : "aten::mul.Tensor";
      x = g_.call(op, {{"self", ValueRef{x.id}}, {"other", ValueRef{parts[i].id}}});
    }
    return x;
  }

  Handle linear(const std::string& name, Handle x, const LayerConfig& layer) {
    if (g_.shape(x).size() > 3) x = g_.flatten(x);  // a sequence keeps its steps
    return g_.linear(name, x, layer.size, {.bias = layer.bias});
  }

  Handle added(const std::string& name, Handle x, const LayerConfig& layer) {
    using Add = Handle (Stack::*)(const std::string&, Handle, const LayerConfig&);
    static const std::map<std::string, Add> table = [] {
      std::map<std::string, Add> adds = {{"linear", &Stack::linear}};
      const auto put = [&](Add how, std::initializer_list<const char*> kinds) {
        for (const char* kind : kinds) adds[kind] = how;
      };
      put(&Stack::convolution, {"conv", "conv1d", "conv_transpose", "depthwise"});
      put(&Stack::pool, {"max_pool", "avg_pool", "global_avg_pool"});
      put(&Stack::norm, {"batch_norm", "group_norm", "instance_norm", "layer_norm"});
      put(&Stack::sequence, {"embedding", "attention", "position", "lstm", "gru"});
      put(&Stack::form, {"flatten", "reshape", "transpose", "mean"});
      put(&Stack::joined, {"add", "multiply", "concat"});
      return adds;
    }();
    if (layer.type == "dropout") return g_.dropout(x, layer.probability);
    const auto found = table.find(layer.type);
    return found == table.end() ? g_.activation(layer.type, x)
                                : (this->*found->second)(name, x, layer);
  }

  GraphBuilder& g_;
  Handle last_;
  std::map<std::string, Handle> named_;
  std::vector<Output> outputs_;           // of the layers so far
  std::map<std::string, size_t> makers_;  // the layer of each name
  int64_t number_ = 1;                    // of the next layer
};

}  // namespace

Handle build_layers(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  Stack stack(g, x);
  for (const LayerConfig& layer : config.layers) stack.add(layer);
  x = stack.finish();
  if (g.shape(x).size() > 2) x = g.flatten(x);
  return g.linear("output", x, outputs);
}

}  // namespace maas
