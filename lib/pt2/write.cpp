#include "pt2/write.h"

#include <ATen/core/Dict.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include "call/infer.h"
#include "pt2/graph_json.h"

namespace maas {
namespace {

std::string_view bytes_of(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

using TensorTable = std::map<std::string, std::pair<at::Tensor, bool>>;  // name -> tensor, is_param

void write_tensors(const TensorTable& tensors, const std::string& folder,
                   const std::string& record_stem, const std::string& config_record,
                   const PutRecord& put) {
  JsonWriter json;
  json.begin_object().key("config").begin_object();
  int64_t index = 0;
  for (const auto& [name, entry] : tensors) {
    const auto& [tensor, is_parameter] = entry;
    const std::string record = fmt::format("{}{}", record_stem, index++);
    const at::Tensor dense = tensor.detach().contiguous();
    put(folder + record, bytes_of(dense));
    json.key(name).begin_object().field("path_name", record).field("is_param", is_parameter);
    json.field("use_pickle", false).key("tensor_meta");
    write_tensor_meta(json, dense, is_parameter);
    json.end_object();
  }
  json.end_object().end_object();
  put(config_record, json.text());
}

// torch.save((args, kwargs)): Python's loader insists on the record, and an example that runs is
// kinder than an empty one. A zip inside the zip, as torch.save writes it.
std::string sample_inputs(const Program& program) {
  const ShapeInference shapes("example input");
  const SymbolValues symbols = sample_symbols(program).first;
  std::vector<c10::IValue> inputs;
  for (const GraphInput& input : program.inputs) {
    if (input.kind != GraphInput::Kind::kUser) continue;
    const at::Tensor meta = shapes.declared(program.value(input.value), symbols);
    inputs.emplace_back(at::zeros(meta.sizes(), meta.options().device(at::kCPU)));
  }
  std::vector<char> pickle;
  torch::jit::Pickler pickler(
      [&](const char* data, size_t size) { pickle.insert(pickle.end(), data, data + size); },
      nullptr, nullptr, nullptr, nullptr, /*tag_aggregates=*/false);
  pickler.protocol();
  const c10::Dict<std::string, at::Tensor> no_keywords;
  pickler.pushIValue(c10::ivalue::Tuple::create(
      {c10::ivalue::Tuple::create(std::move(inputs)), c10::IValue(no_keywords)}));
  pickler.stop();
  return archive_bytes([&](const PutRecord& put) {
    int64_t index = 0;
    for (const at::Tensor& tensor : pickler.tensorData()) {
      put(fmt::format("data/{}", index++), bytes_of(tensor.contiguous()));
    }
    put("data.pkl", {pickle.data(), pickle.size()});
    put("byteorder", "little");
  });
}

}  // namespace

void write_pt2(const Program& program, const std::map<std::string, std::string>& extra,
               const PutRecord& put) {
  put("models/model.json", exported_program_json(program));
  TensorTable weights, constants;
  for (const GraphInput& input : program.inputs) {
    if (input.kind == GraphInput::Kind::kUser || input.kind == GraphInput::Kind::kConstantScalar)
      continue;
    const bool is_constant = input.kind == GraphInput::Kind::kConstant || !input.persistent;
    (is_constant ? constants : weights)[input.target] = {
        program.tensor_of(input), input.kind == GraphInput::Kind::kParameter};
  }
  write_tensors(weights, "data/weights/", "weight_", "data/weights/model_weights_config.json", put);
  write_tensors(constants, "data/constants/", "tensor_",
                "data/constants/model_constants_config.json", put);
  put("data/sample_inputs/model.pt", sample_inputs(program));
  put("archive_format", "pt2");
  put("archive_version", "0");
  put("byteorder", "little");
  for (const auto& [name, bytes] : extra) put("extra/" + name, bytes);
}

}  // namespace maas
