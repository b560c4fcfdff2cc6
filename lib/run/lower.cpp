#include "run/lower.h"

#include <chrono>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "program/rewrite.h"
#include "run/fold_affine.h"
#include "run/fold_batch_norm.h"
#include "run/fold_constants.h"
#include "run/fuse_pointwise.h"
#include "run/prepack_convolution.h"
#include "run/prepack_linear.h"
#include "run/recompose.h"

namespace maas {
namespace {

Program drop_dead_code(Program program) {
  remove_dead_code(program);
  return program;
}

}  // namespace

const std::vector<LoweringPass>& lowering_passes() {
  static const std::vector<LoweringPass> passes = {
      {"recompose", "layers in place of what a decomposed export wrote", recompose},
      {"fold-constants", "compute once what does not depend on the input", fold_constants},
      {"fold-affine", "scaling and shifting by constants in one go", fold_affine},
      {"fold-batch-norm", "scale convolutions instead of their results", fold_batch_norm},
      {"prepack-convolution", "oneDNN convolutions with packed weights", prepack_convolution},
      {"prepack-linear", "products with weights turned once", prepack_linear},
      {"fuse-pointwise", "residual sums and ReLU inside convolutions and products", fuse_pointwise},
      {"channels-last", "the layout that oneDNN convolutions like", put_channels_last},
      {"dead-code", "drop nodes whose results nobody reads", drop_dead_code},
  };
  return passes;
}

Program lower(Program program, const std::set<std::string>& disabled,
              std::vector<PassTiming>* timings) {
  std::vector<std::string> names;
  for (const LoweringPass& pass : lowering_passes()) names.emplace_back(pass.name);
  for (const std::string& name : disabled) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw_usage("lowering", "no pass '" + name + "'" + did_you_mean(name, names), "",
                  "see `maas bench --help` for the passes");
    }
  }
  for (const LoweringPass& pass : lowering_passes()) {
    if (disabled.count(pass.name) != 0) continue;
    const auto start = std::chrono::steady_clock::now();
    const auto before = static_cast<int64_t>(program.nodes.size());
    program = pass.run(std::move(program));
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (timings != nullptr) {
      timings->push_back(
          {pass.name, taken.count(), before, static_cast<int64_t>(program.nodes.size())});
    }
  }
  return program;
}

}  // namespace maas
