// Models that say how their data look, for the tests of this folder.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "serve/session.h"

namespace maas {

// Grey images of 2 x 2 and the logits of `labels`.
inline SessionInfo image_model(const std::vector<std::string>& labels = {"cat", "dog", "cow"}) {
  SessionInfo info;
  info.name = "net";
  info.inputs = {{"image", at::kByte, {-1, 1, 2, 2}}};
  info.outputs = {{"logits", at::kFloat, {-1, static_cast<int64_t>(labels.size())}}};
  info.labels = labels;
  info.samples.emplace();
  InputSpec& input = info.samples->data.input;
  input.channels = 1;
  input.height = input.width = 2;
  input.resize_to_fit = true;
  info.samples->data.task.labels = labels;
  return info;
}

// Columns age, income (numbers) and city ("oslo", "rome"), and numbers named `targets`.
inline SessionInfo table_model(const std::vector<std::string>& targets = {"price"}) {
  SessionInfo info;
  info.name = "net";
  info.inputs = {{"numeric", at::kFloat, {-1, 2}}, {"categorical", at::kLong, {-1, 1}}};
  info.outputs = {{"y", at::kFloat, {-1, static_cast<int64_t>(targets.size())}}};
  info.samples.emplace();
  InputSpec& input = info.samples->data.input;
  input.kind = InputKind::kTable;
  input.columns = {
      {.name = "age", .categories = {}},
      {.name = "income", .categories = {}},
      {.name = "city", .type = ColumnType::kCategorical, .categories = {"oslo", "rome"}}};
  info.samples->data.task.kind = TaskKind::kRegression;
  info.samples->data.task.labels = targets;
  return info;
}

// Gives what `answer` makes of the inputs, and keeps the inputs of the last call.
class StubSession final : public Session {
 public:
  using Tensors = std::vector<at::Tensor>;
  StubSession(SessionInfo info, std::function<Tensors(const Tensors&)> answer)
      : info_(std::move(info)), answer_(std::move(answer)) {}
  const SessionInfo& info() const override { return info_; }
  Tensors infer(const Tensors& inputs) const override {
    last = inputs;
    return answer_(inputs);
  }

  mutable Tensors last;

 private:
  SessionInfo info_;
  std::function<Tensors(const Tensors&)> answer_;
};

// A grey PNG of 2 x 2 with the pixels 0, 85, 170, 255.
inline constexpr const char* kSmallPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgCGVY"
    "9R8AA60B/3qThH8AAAAASUVORK5CYII=";
inline std::string small_png() { return from_base64(kSmallPng).value(); }

}  // namespace maas
