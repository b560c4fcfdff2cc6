#include "serve/plan_session.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <optional>

#include "base/throw_error.h"
#include "call/index_limits.h"
#include "call/infer.h"
#include "evaluate/evaluate.h"
#include "program/dynamic_sizes.h"
#include "program/mode.h"
#include "run/row_plans.h"
#include "serve/joins_rows.h"
#include "serve/json_tensor.h"
#include "tensor/short_reason.h"

namespace maas {
namespace {

std::vector<int64_t> protocol_shape(const std::vector<Dim>& shape) {
  std::vector<int64_t> sizes;
  sizes.reserve(shape.size());
  for (const Dim& dim : shape) sizes.push_back(dim.is_symbolic() ? -1 : dim.size);
  return sizes;
}

TensorInfo tensor_info(const Program& program, ValueId id, const std::string& name) {
  const Value& value = program.value(id);
  if (value.kind != ValueKind::kTensor || oip_datatype(value.dtype).empty()) {
    throw_input("model, '" + name + "'", "is no tensor of a datatype that can be served",
                "BOOL, an integer or a floating type");
  }
  return {name, value.dtype, protocol_shape(value.shape)};
}

void check_name(const std::string& name) {
  if (is_model_name(name)) return;
  throw_usage("model name", fmt::format("'{}' cannot be part of a path", name),
              "letters, digits and . _ -, at most 128, the first no sign",
              "give another with --name");
}

std::vector<TensorInfo> input_infos(const Program& program) {
  const auto limits = index_limits(program);
  std::vector<TensorInfo> infos;
  for (const GraphInput* input : program.user_inputs()) {
    infos.push_back(tensor_info(program, input->value, input->target));
    for (const IndexLimit& limit : limits[infos.size() - 1]) {
      infos.back().values.push_back({limit.lowest, limit.highest,
                                     fmt::format("it picks from '{}'", limit.table), limit.dim,
                                     limit.begin, limit.end});
    }
  }
  return infos;
}

// A model may return the same value twice; a client tells outputs apart by their names.
std::string unused_name(const std::vector<TensorInfo>& infos, const std::string& name) {
  const auto is_used = [&](const std::string& text) {
    return std::any_of(infos.begin(), infos.end(),
                       [&](const TensorInfo& info) { return info.name == text; });
  };
  std::string fresh = name;
  for (int64_t i = 1; is_used(fresh); ++i) fresh = fmt::format("{}_{}", name, i);
  return fresh;
}

// A result that is None has no place among the plan's results, nor here.
std::vector<TensorInfo> output_infos(const Program& program) {
  std::vector<TensorInfo> infos;
  const auto outputs = program.user_outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto* ref = std::get_if<ValueRef>(&outputs[i]->value);
    if (ref == nullptr) continue;
    const bool named = i < program.user_output_names.size();
    const std::string& name = named ? program.user_output_names[i] : program.value(ref->id).name;
    infos.push_back(tensor_info(program, ref->id, unused_name(infos, name)));
  }
  return infos;
}

// Requests are answered one without regard to the other: what an evaluation would write back into
// the model's buffers is not kept.
class PlanSession final : public Session {
 public:
  PlanSession(const Model& model, const PlanSessionOptions& options)
      : PlanSession(with_mode(model.program, Mode::kEval), model.manifest, options) {}

  const SessionInfo& info() const override { return info_; }

  void check(const std::vector<at::Tensor>& inputs) const override { sizes_.check(inputs); }

  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    try {
      sizes_.check(inputs);
      const Plan& plan = plans_->plan_for(inputs);
      const c10::InferenceMode inference;
      return plan.run(inputs);
    } catch (const c10::IndexError& error) {
      throw_input("inputs", "lead to an index that is out of range (" + short_reason(error) + ")",
                  "values and sizes that the model was made for");
    }
  }

  void warm_up() const override {
    at::init_num_threads();
    at::set_num_threads(1);
    try {
      std::vector<at::Tensor> inputs;
      for (const TensorInfo& input : info_.inputs) {
        std::vector<int64_t> shape = input.shape;
        for (int64_t& size : shape) size = size == -1 ? 1 : size;
        inputs.push_back(at::zeros(shape, input.dtype));
      }
      infer(inputs);
    } catch (const std::exception&) {
      // Zeros of size one may be nothing that this model takes; then the first request warms it.
    }
  }

 private:
  PlanSession(const Program& program, const Manifest& manifest, const PlanSessionOptions& options)
      : sizes_(program) {
    check_name(options.name);
    info_.name = options.name;
    info_.version = std::to_string(options.version);
    info_.inputs = input_infos(program);
    info_.outputs = output_infos(program);
    for (size_t i = 0; i < info_.inputs.size(); ++i) {
      const std::optional<int64_t> most = sizes_.highest(i, 0);
      if (!most || *most > kMaxTensorElements) continue;
      info_.max_batch = info_.max_batch == 0 ? *most : std::min(info_.max_batch, *most);
    }
    if (manifest.data && manifest.data->task.kind != TaskKind::kRegression) {
      info_.labels = manifest.data->task.labels;
    }
    if (manifest.data) {
      info_.samples = SampleForm{*manifest.data, output_form_of(program, manifest.data->task.kind)};
    }
    plans_.emplace(program, options.disabled_passes, options.precision);
    info_.joins_rows = joins_rows(program, *plans_);
  }

  DynamicSizes sizes_;
  SessionInfo info_;
  std::optional<RowPlans> plans_;
};

}  // namespace

std::unique_ptr<Session> make_plan_session(const Model& model, const PlanSessionOptions& options) {
  return std::make_unique<PlanSession>(model, options);
}

}  // namespace maas
