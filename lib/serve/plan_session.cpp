#include "serve/plan_session.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include "base/error.h"
#include "run/plan.h"

namespace maas {
namespace {

std::vector<int64_t> protocol_shape(const std::vector<Dim>& shape) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : shape) sizes.push_back(dim.is_symbolic() ? -1 : dim.size);
  return sizes;
}

TensorInfo tensor_info(const Program& program, ValueId id, const std::string& name) {
  const Value& value = program.value(id);
  if (value.kind != ValueKind::kTensor || oip_datatype(value.dtype).empty()) {
    throw Error(ErrorKind::kInput, {.where = "model, '" + name + "'",
                                    .what = "is no tensor of a datatype that can be served",
                                    .expected = "BOOL, an integer or a floating type",
                                    .fix = "",
                                    .excerpt = ""});
  }
  return {name, value.dtype, protocol_shape(value.shape)};
}

class PlanSession final : public Session {
 public:
  PlanSession(const Model& model, const PlanSessionOptions& options)
      : plan_(Plan::compile(model.program,
                            {.lower = true, .disabled_passes = options.disabled_passes})) {
    if (!is_model_name(options.name)) {
      throw Error(ErrorKind::kUsage,
                  {.where = "model name",
                   .what = fmt::format("'{}' cannot be part of a path", options.name),
                   .expected = "letters, digits and . _ -, at most 128, the first no sign",
                   .fix = "give another with --name",
                   .excerpt = ""});
    }
    info_.name = options.name;
    const Program& program = model.program;
    for (const GraphInput* input : program.user_inputs()) {
      info_.inputs.push_back(tensor_info(program, input->value, input->target));
    }
    const auto outputs = program.user_outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const auto* ref = std::get_if<ValueRef>(&outputs[i]->value);
      if (ref == nullptr) continue;  // a constant result of a stranger's model
      const bool named = i < program.user_output_names.size();
      positions_.push_back(i);
      info_.outputs.push_back(tensor_info(
          program, ref->id, named ? program.user_output_names[i] : program.value(ref->id).name));
    }
    if (model.manifest.data && model.manifest.data->task.kind != TaskKind::kRegression) {
      info_.labels = model.manifest.data->task.labels;
    }
  }

  const SessionInfo& info() const override { return info_; }

  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    const c10::InferenceMode inference;
    try {
      std::vector<at::Tensor> outputs = plan_->run(inputs);
      std::vector<at::Tensor> chosen;
      for (const size_t position : positions_) chosen.push_back(outputs.at(position));
      return chosen;
    } catch (const c10::IndexError& error) {
      throw Error(ErrorKind::kInput, {.where = "inputs",
                                      .what = "a value is used as an index and is out of range",
                                      .expected = "what the model was trained on",
                                      .fix = "",
                                      .excerpt = ""});
    }
  }

  void warm_up() const override {
    at::init_num_threads();
    at::set_num_threads(1);
    std::vector<at::Tensor> inputs;
    for (const TensorInfo& input : info_.inputs) {
      std::vector<int64_t> shape = input.shape;
      for (int64_t& size : shape) size = size == -1 ? 1 : size;
      inputs.push_back(at::zeros(shape, input.dtype));
    }
    try {
      infer(inputs);
    } catch (const std::exception&) {
      // Zeros of size one may be nothing that this model takes; then the first request warms it.
    }
  }

 private:
  std::shared_ptr<const Plan> plan_;
  SessionInfo info_;
  std::vector<size_t> positions_;  // of info_.outputs among the plan's results
};

}  // namespace

std::unique_ptr<Session> make_plan_session(const Model& model, const PlanSessionOptions& options) {
  return std::make_unique<PlanSession>(model, options);
}

}  // namespace maas
