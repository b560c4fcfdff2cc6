#include "run/lower.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "program/check_structure.h"
#include "program/example_sizes.h"
#include "program/rewrite.h"
#include "run/bf16_layers.h"
#include "run/fold_affine.h"
#include "run/fold_batch_norm.h"
#include "run/fold_constants.h"
#include "run/fuse_pointwise.h"
#include "run/int8_weights.h"
#include "run/lower/quantized_layers.h"
#include "run/prepack_convolution.h"
#include "run/prepack_linear.h"
#include "run/quick_products.h"
#include "run/recompose.h"
#include "run/recurrent_layers.h"
#include "run/take_norms.h"
#include "run/training_layout.h"
#include "run/training_norms.h"

namespace maas {
namespace {

// A pass that rewrites alike whatever the target.
template <Program (*pass)(Program)>
Program for_any(Program program, const Target&) {
  return pass(std::move(program));
}

Program drop_dead_code(Program program) {
  remove_dead_code(program);
  return program;
}

Program faster_quantized_layers(Program program, const Target& target) {
  return quantized_layers(std::move(program), Int8Choice::kFaster, target.kernels);
}

void refuse_unknown(const std::set<std::string>& disabled,
                    const std::vector<LoweringPass>& passes) {
  std::vector<std::string> names;
  names.reserve(passes.size());
  for (const LoweringPass& pass : passes) names.emplace_back(pass.name);
  for (const std::string& name : disabled) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    throw_usage("lowering", "no pass '" + name + "'" + did_you_mean(name, names),
                fmt::format("one of {}", fmt::join(names, ", ")));
  }
}

const std::vector<std::string>& affine_operators() {
  static const std::vector<std::string> operators = {"aten::add", "aten::div", "aten::mul",
                                                     "aten::sub"};
  return operators;
}

const std::vector<LoweringPass>& training_passes() {
  static const std::vector<LoweringPass> passes = {
      {"fold-views", "views of weights made once", for_any<fold_views_of_weights>},
      {"fold-affine", "scaling and shifting by constants in one go", for_any<fold_affine>,
       affine_operators()},
      {"quick-products",
       "products through the quicker library",
       quick_products,
       {"aten::addmm", "aten::linear", "aten::matmul", "aten::mm"}},
      {"channels-last",
       "the layout that oneDNN convolutions like",
       for_any<train_channels_last>,
       {"aten::conv2d"}},
      {"fuse-norms",
       "batch norms with the residual sum and the ReLU behind them",
       for_any<fuse_norms>,
       {"aten::batch_norm"}},
  };
  return passes;
}

const std::vector<LoweringPass>& inference_passes() {
  static const std::vector<LoweringPass> passes = {
      {"recompose",
       "layers in place of what a decomposed export wrote",
       for_any<recompose>,
       {"aten::add", "aten::addmm", "aten::bmm", "aten::convolution", "aten::matmul", "aten::mm"}},
      {"recurrent-layers",
       "LSTM, GRU and plain recurrent layers in loops of our own, unrolled ones too",
       for_any<recurrent_layers>,
       {"aten::gru", "aten::lstm", "aten::rnn_relu", "aten::rnn_tanh"}},
      {"quantized-layers",
       "int8 products where they are faster",
       faster_quantized_layers,
       {"aten::addmm", "aten::conv2d", "aten::linear"}},
      {"int8-weights",
       "weights that are stored in int8 stay so in memory",
       for_any<int8_weights>,
       {"aten::linear"}},
      {"fold-constants", "compute once what does not depend on the input", for_any<fold_constants>},
      {"fold-affine", "scaling and shifting by constants in one go", for_any<fold_affine>,
       affine_operators()},
      {"fold-batch-norm",
       "scale convolutions instead of their results",
       for_any<fold_batch_norm>,
       {"aten::_native_batch_norm_legit_no_training", "aten::batch_norm", "aten::conv1d",
        "aten::conv2d", "aten::linear"}},
      {"prepack-convolution",
       "convolutions through the quicker library, weights made ready once",
       prepack_convolution,
       {"aten::conv2d"}},
      {"take-norms",
       "batch norms inside the convolutions behind them",
       for_any<take_norms>,
       {"aten::_native_batch_norm_legit_no_training", "aten::batch_norm"}},
      {"prepack-linear",
       "products through the quicker library, weights made ready once",
       prepack_linear,
       {"aten::linear"}},
      {"fuse-pointwise",
       "residual sums and activations inside convolutions and products",
       for_any<fuse_pointwise>,
       {"aten::add", "aten::addmm", "aten::conv2d", "aten::gelu", "aten::hardsigmoid",
        "aten::hardswish", "aten::hardtanh", "aten::leaky_relu", "aten::linear", "aten::relu",
        "aten::relu6", "aten::sigmoid", "aten::silu", "aten::tanh"}},
      {"channels-last",
       "the layout that oneDNN convolutions like",
       for_any<put_channels_last>,
       {"aten::conv2d"}},
      {"bf16-layers",
       "layers in bfloat16 where that is asked for and quicker",
       bf16_layers,
       {"aten::conv2d", "aten::linear"}},
      {"dead-code", "drop nodes whose results nobody reads", for_any<drop_dead_code>},
  };
  return passes;
}

std::string lowering_mark(const std::string& op) {
  std::string words;
  for (const LoweringPass& pass : lowering_passes()) {
    if (std::find(pass.operators.begin(), pass.operators.end(), op) == pass.operators.end()) {
      continue;
    }
    words += (words.empty() ? "" : " ") + std::string(pass.name);
  }
  return words;
}

}  // namespace

const std::vector<LoweringPass>& lowering_passes(PlanFor plan_for) {
  static const std::vector<LoweringPass> none;
  switch (plan_for) {
    case PlanFor::kAsIs:
      return none;
    case PlanFor::kTraining:
      return training_passes();
    case PlanFor::kInference:
      return inference_passes();
  }
  return none;
}

Program lower(Program program, const LowerOptions& options, std::vector<PassTiming>* timings) {
  const std::vector<LoweringPass>& passes = lowering_passes(options.plan_for);
  refuse_unknown(options.disabled, passes);
  if (!passes.empty()) program = with_example_batch(std::move(program), options.target.rows);
  for (const LoweringPass& pass : passes) {
    if (options.disabled.count(pass.name) != 0) continue;
    const auto start = std::chrono::steady_clock::now();
    const auto before = static_cast<int64_t>(program.nodes.size());
    program = pass.run(std::move(program), options.target);
    check_structure(program, std::string("lowering pass '") + pass.name + "'");
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (timings != nullptr) {
      timings->push_back(
          {pass.name, taken.count(), before, static_cast<int64_t>(program.nodes.size())});
    }
  }
  return program;
}

OperatorConcern lowering_concern() {
  return {"lowering", "passes that look for it; without one, inference calls libtorch's operator",
          lowering_mark};
}

}  // namespace maas
