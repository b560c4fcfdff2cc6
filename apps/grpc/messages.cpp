#include "messages.h"

#include <cstring>
#include <utility>

namespace maas {
namespace {

GrpcValue value_of(const inference::InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case inference::InferParameter::kBoolParam:
      return parameter.bool_param();
    case inference::InferParameter::kInt64Param:
      return int64_t{parameter.int64_param()};
    case inference::InferParameter::kStringParam:
      return std::string_view(parameter.string_param());
    case inference::InferParameter::kDoubleParam:
      return parameter.double_param();
    case inference::InferParameter::kUint64Param:
      return uint64_t{parameter.uint64_param()};
    case inference::InferParameter::PARAMETER_CHOICE_NOT_SET:
      break;
  }
  return std::monostate();
}

template <class Map>
GrpcParameters parameters_of(const Map& map) {
  GrpcParameters parameters;
  for (const auto& [name, value] : map) parameters.emplace_back(name, value_of(value));
  return parameters;
}

template <class List>
auto span_of(const List& list) {
  return std::span(list.data(), static_cast<size_t>(list.size()));
}

GrpcContents contents_of(const inference::InferTensorContents& given) {
  GrpcContents contents;
  contents.bools = span_of(given.bool_contents());
  contents.ints = span_of(given.int_contents());
  contents.uints = span_of(given.uint_contents());
  contents.int64s = span_of(given.int64_contents());
  contents.uint64s = span_of(given.uint64_contents());
  contents.floats = span_of(given.fp32_contents());
  contents.doubles = span_of(given.fp64_contents());
  contents.texts.assign(given.bytes_contents().begin(), given.bytes_contents().end());
  return contents;
}

// `Stored`: an element in `bytes`; `list` takes it.
template <class Stored, class List>
void append_values(const std::string& bytes, List& list) {
  list.Reserve(static_cast<int>(bytes.size() / sizeof(Stored)));
  for (size_t at = 0; at + sizeof(Stored) <= bytes.size(); at += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    list.Add(value);
  }
}

void append_texts(const std::string& bytes, inference::InferTensorContents& contents) {
  uint32_t size = 0;
  for (size_t at = 0; at + sizeof size <= bytes.size(); at += sizeof size + size) {
    std::memcpy(&size, bytes.data() + at, sizeof size);
    contents.add_bytes_contents(bytes.substr(at + sizeof size, size));
  }
}

void fill_contents(inference::InferTensorContents& contents, std::string_view type,
                   const std::string& bytes) {
  if (type == "BOOL") append_values<bool>(bytes, *contents.mutable_bool_contents());
  if (type == "INT8") append_values<int8_t>(bytes, *contents.mutable_int_contents());
  if (type == "INT16") append_values<int16_t>(bytes, *contents.mutable_int_contents());
  if (type == "INT32") append_values<int32_t>(bytes, *contents.mutable_int_contents());
  if (type == "INT64") append_values<int64_t>(bytes, *contents.mutable_int64_contents());
  if (type == "UINT8") append_values<uint8_t>(bytes, *contents.mutable_uint_contents());
  if (type == "UINT16") append_values<uint16_t>(bytes, *contents.mutable_uint_contents());
  if (type == "UINT32") append_values<uint32_t>(bytes, *contents.mutable_uint_contents());
  if (type == "UINT64") append_values<uint64_t>(bytes, *contents.mutable_uint64_contents());
  if (type == "FP32") append_values<float>(bytes, *contents.mutable_fp32_contents());
  if (type == "FP64") append_values<double>(bytes, *contents.mutable_fp64_contents());
  if (type == "BYTES") append_texts(bytes, contents);
}

}  // namespace

GrpcInferRequest view_of(const inference::ModelInferRequest& request) {
  GrpcInferRequest view{request.id(), parameters_of(request.parameters()), {}, {}, {}};
  for (const auto& input : request.inputs()) {
    view.inputs.push_back({input.name(), input.datatype(), span_of(input.shape()),
                           parameters_of(input.parameters()), input.has_contents(),
                           contents_of(input.contents())});
  }
  for (const auto& output : request.outputs()) {
    view.outputs.push_back({output.name(), parameters_of(output.parameters())});
  }
  view.raw.assign(request.raw_input_contents().begin(), request.raw_input_contents().end());
  return view;
}

void fill(inference::ModelInferResponse& response, GrpcInferAnswer answer) {
  response.set_model_name(std::string(answer.model));
  response.set_model_version(std::string(answer.version));
  response.set_id(std::string(answer.id));
  if (!answer.warnings.empty()) {
    (*response.mutable_parameters())["warnings"].set_string_param(answer.warnings);
  }
  for (GrpcOutput& output : answer.outputs) {
    auto& told = *response.add_outputs();
    told.set_name(std::string(output.name));
    told.set_datatype(std::string(output.datatype));
    told.mutable_shape()->Add(output.shape.begin(), output.shape.end());
    for (const auto& [name, value] : output.parameters) {
      (*told.mutable_parameters())[std::string(name)].set_int64_param(value);
    }
    if (answer.raw) {
      response.add_raw_output_contents(std::move(output.bytes));
    } else {
      fill_contents(*told.mutable_contents(), output.datatype, output.bytes);
    }
  }
}

void drop_unready(inference::RepositoryIndexResponse& response) {
  auto& models = *response.mutable_models();
  for (int i = models.size() - 1; i >= 0; --i) {
    if (models[i].state() != "READY") models.DeleteSubrange(i, 1);
  }
}

}  // namespace maas
