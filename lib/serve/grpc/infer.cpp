#include "serve/grpc/infer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "serve/binary_tensor.h"
#include "serve/json_tensor.h"

namespace maas {
namespace {

constexpr size_t kParserPadding = 64;
constexpr std::string_view kBinaryOutput = "binary_data_output";

constexpr std::string_view kBinarySize = "binary_data_size";

// But for `left_out`.
void write_parameters(JsonWriter& json, const GrpcParameters& parameters,
                      std::string_view left_out = {}) {
  for (const auto& [name, value] : parameters) {
    if (!left_out.empty() && name == left_out) continue;
    json.key(name);
    std::visit(
        [&](const auto& known) {
          using T = std::decay_t<decltype(known)>;
          if constexpr (std::is_same_v<T, std::monostate>) {
            json.null();
          } else {
            json.value(known);
          }
        },
        value);
  }
}

bool has(const GrpcParameters& parameters, std::string_view name) {
  for (const auto& parameter : parameters) {
    if (parameter.first == name) return true;
  }
  return false;
}

// As many as the shape says; nothing where that is no shape, which whoever reads it tells.
std::optional<size_t> count_of(std::span<const int64_t> shape) {
  constexpr size_t kMostSizes = 256;
  if (shape.size() > kMostSizes) return {};
  size_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(count, static_cast<size_t>(size), &count)) return {};
  }
  return count;
}

void append_length(std::string& out, size_t length) {
  const auto little = static_cast<uint32_t>(length);
  out.append(reinterpret_cast<const char*>(&little), sizeof little);
}

// The typed list of one input, as bytes of its datatype.
class TypedValues {
 public:
  explicit TypedValues(const GrpcInput& input)
      : input_(input), where_("input '" + std::string(input.name.substr(0, 128)) + "'") {}

  std::string bytes() const {
    const GrpcContents& all = input_.contents;
    const std::string_view type = input_.datatype;
    if (type == "BOOL") return of<bool>(all.bools, "bool_contents");
    if (type == "INT8") return of<int8_t>(all.ints, "int_contents");
    if (type == "INT16") return of<int16_t>(all.ints, "int_contents");
    if (type == "INT32") return of<int32_t>(all.ints, "int_contents");
    if (type == "INT64") return of<int64_t>(all.int64s, "int64_contents");
    if (type == "UINT8") return of<uint8_t>(all.uints, "uint_contents");
    if (type == "UINT16") return of<uint16_t>(all.uints, "uint_contents");
    if (type == "UINT32") return of<uint32_t>(all.uints, "uint_contents");
    if (type == "UINT64") return of<uint64_t>(all.uint64s, "uint64_contents");
    if (type == "FP32") return of<float>(all.floats, "fp32_contents");
    if (type == "FP64") return of<double>(all.doubles, "fp64_contents");
    if (type == "BYTES") return texts();
    if (type == "FP16" || type == "BF16") {
      throw_input(where_, fmt::format("is {}, of which contents have no list", type),
                  "its values in raw_input_contents");
    }
    return {};  // no such type: whoever reads the request says so
  }

 private:
  template <class T, class Given>
  std::string of(std::span<const Given> values, const char* list) const {
    check_counts(values.size(), list);
    std::string bytes(values.size() * sizeof(T), '\0');
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (sizeof(T) < sizeof(Given)) check_range<T>(values[i], i);
      const auto value = static_cast<T>(values[i]);
      std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
    }
    return bytes;
  }

  std::string texts() const {
    check_counts(input_.contents.texts.size(), "bytes_contents");
    std::string bytes;
    for (const std::string_view text : input_.contents.texts) {
      append_length(bytes, text.size());
      bytes += text;
    }
    return bytes;
  }

  template <class T, class Given>
  void check_range(Given value, size_t place) const {
    using Limits = std::numeric_limits<T>;
    if (value >= static_cast<Given>(Limits::min()) && value <= static_cast<Given>(Limits::max())) {
      return;
    }
    throw_input(where_, fmt::format("value {} is {}", place, value),
                fmt::format("{} to {}, as {} has", Limits::min(), Limits::max(), input_.datatype));
  }

  // Of all lists, the one that goes with the datatype has values, and as many as the shape says.
  void check_counts(size_t found, const char* list) const {
    const GrpcContents& all = input_.contents;
    const size_t given = all.bools.size() + all.ints.size() + all.uints.size() + all.int64s.size() +
                         all.uint64s.size() + all.floats.size() + all.doubles.size() +
                         all.texts.size();
    if (given != found) {
      throw_input(where_, "has values in another list of its contents",
                  fmt::format("{}, as {} takes", list, input_.datatype));
    }
    const auto wanted = count_of(input_.shape);
    if (!wanted || *wanted == found) return;
    throw_input(where_, fmt::format("has {} values", found),
                fmt::format("{}, as shape [{}] says", *wanted, fmt::join(input_.shape, ", ")));
  }

  const GrpcInput& input_;
  const std::string where_;
};

void check_places(const GrpcInferRequest& request) {
  if (request.raw.empty()) return;
  for (const GrpcInput& input : request.inputs) {
    if (!input.has_contents) continue;
    throw_input("input '" + std::string(input.name.substr(0, 128)) + "'",
                "has contents beside raw_input_contents", "all values in one of them");
  }
  if (request.raw.size() == request.inputs.size()) return;
  throw_input(
      "raw_input_contents",
      fmt::format("has {} entries for {} inputs", request.raw.size(), request.inputs.size()),
      "one for each input");
}

// KServe's client sends what HTTP needs here, too. `raw`: where the input's values are not in its
// contents.
void check_size_parameter(const GrpcInput& input, const std::string_view* raw) {
  for (const auto& [name, value] : input.parameters) {
    if (name != kBinarySize) continue;
    const auto* const whole = std::get_if<int64_t>(&value);
    const auto* const counted = std::get_if<uint64_t>(&value);
    const bool fits =
        raw != nullptr && ((whole != nullptr && std::cmp_equal(*whole, raw->size())) ||
                           (counted != nullptr && *counted == raw->size()));
    if (fits) continue;
    throw_input("input '" + std::string(input.name.substr(0, 128)) + "', parameter " +
                    std::string(kBinarySize),
                "is not the size of its raw_input_contents",
                raw == nullptr ? "none beside contents"
                               : fmt::format("{}, or no such parameter", raw->size()));
  }
}

GrpcOutput as_texts(const Classification& found) {
  GrpcOutput output;
  output.datatype = "BYTES";
  output.shape = found.shape;
  for (const std::string& text : found.texts) {
    append_length(output.bytes, text.size());
    output.bytes += text;
  }
  return output;
}

}  // namespace

int64_t grpc_priority(const GrpcInferRequest& request) {
  for (const auto& [name, value] : request.parameters) {
    if (name != "priority") continue;
    if (const auto* number = std::get_if<int64_t>(&value)) return std::max<int64_t>(0, *number);
    if (const auto* number = std::get_if<uint64_t>(&value)) {
      constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
      return static_cast<int64_t>(std::min(*number, kMost));
    }
  }
  return 0;
}

GrpcRequestText grpc_request_text(const GrpcInferRequest& request) {
  check_places(request);
  GrpcRequestText text;
  JsonWriter json;
  json.begin_object();
  if (!request.id.empty()) json.field("id", request.id);
  json.key("parameters").begin_object();
  write_parameters(json, request.parameters);
  if (!has(request.parameters, kBinaryOutput)) json.field(kBinaryOutput, !request.raw.empty());
  json.end_object().key("inputs").begin_array();
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const GrpcInput& input = request.inputs[i];
    check_size_parameter(input, request.raw.empty() ? nullptr : &request.raw[i]);
    if (request.raw.empty()) {
      text.pieces.emplace_back(text.made.emplace_back(TypedValues(input).bytes()));
    } else {
      text.pieces.push_back(request.raw[i]);
    }
    json.begin_object().field("name", input.name).field("datatype", input.datatype);
    json.key("shape").begin_array();
    for (const int64_t size : input.shape) json.value(size);
    json.end_array().key("parameters").begin_object();
    write_parameters(json, input.parameters, kBinarySize);
    json.field(kBinarySize, static_cast<int64_t>(text.pieces.back().size()));
    json.end_object().end_object();
  }
  json.end_array().key("outputs").begin_array();
  for (const GrpcWantedOutput& output : request.outputs) {
    json.begin_object().field("name", output.name).key("parameters").begin_object();
    write_parameters(json, output.parameters);
    json.end_object().end_object();
  }
  json.end_array().end_object();
  text.json = json.take();
  text.json.reserve(text.json.size() + kParserPadding);
  return text;
}

InferRequest parse_grpc_request(const GrpcRequestText& text, const SessionInfo& info,
                                InferLimits limits) {
  limits.json_bytes = text.json.size();
  limits.pieces = text.pieces;
  return parse_infer_request(text.json, info, limits);
}

GrpcInferAnswer grpc_infer_answer(const SessionInfo& info, const InferRequest& request,
                                  const std::vector<at::Tensor>& outputs) {
  GrpcInferAnswer answer{info.name, info.version, request.id, warnings_text(request.warnings),
                         {},        false};
  for (const WantedOutput& wanted : request.outputs) {
    const at::Tensor& tensor = outputs.at(wanted.index);
    GrpcOutput output;
    if (wanted.classification > 0) {
      output = as_texts(classify(info, tensor, wanted.classification));
    } else {
      output.datatype = oip_datatype(tensor.scalar_type());
      output.shape = tensor.sizes().vec();
      append_bytes(output.bytes, tensor);
      const bool listless =
          tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
      answer.raw = answer.raw || listless;
    }
    answer.raw = answer.raw || wanted.binary;
    output.name = info.outputs[wanted.index].name;
    const NonFinite odd = count_non_finite(tensor);
    if (odd.nans > 0) output.parameters.emplace_back("not_numbers", odd.nans);
    if (odd.infinities > 0) output.parameters.emplace_back("infinities", odd.infinities);
    answer.outputs.push_back(std::move(output));
  }
  return answer;
}

}  // namespace maas
