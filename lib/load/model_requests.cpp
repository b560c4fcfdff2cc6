#include "load/model_requests.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "load/made_values.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

constexpr double kCallSeconds = 20;
constexpr int64_t kMostValues = int64_t{1} << 26;
constexpr size_t kShownAnswer = 300;

constexpr std::string_view kModels = "/v2/models/";

std::string shown(const std::string& body) {
  std::string text = body.substr(0, kShownAnswer);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '.');
  return text;
}

// The model that "/v2/models/NAME", "…/versions/V" or "…/infer" names, as a path; nothing of
// another path.
std::optional<std::string> model_path(const std::string& path) {
  if (!path.starts_with(kModels)) return std::nullopt;
  std::string model = path;
  if (model.ends_with("/infer")) model.resize(model.size() - 6);
  if (model.size() == kModels.size()) return std::nullopt;
  return model;
}

class Asking {
 public:
  explicit Asking(const LoadTarget& target) : target_(target), where_(target.endpoint.url()) {}

  std::string only_model() {
    const HttpAnswer answer = ask("POST", "/v2/repository/index", "{}");
    std::vector<std::string> names;
    if (answer.status == 200) {
      simdjson::dom::parser parser;
      for (const JsonView& model : parse_json(parser, answer.body, where_).items()) {
        const std::string name = model.at("name").text();
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
      }
    }
    if (names.size() == 1) return names[0];
    throw_usage(where_,
                names.empty() ? fmt::format("does not say which models it has ({} to POST "
                                            "/v2/repository/index)",
                                            answer.status)
                              : fmt::format("has several models: {}", fmt::join(names, ", ")),
                "one", "name it with --model NAME");
  }

  std::vector<ModelInput> inputs(const std::string& path, int64_t rows) {
    const HttpAnswer answer = ask("GET", path, "");
    if (answer.status != 200) {
      throw_input(where_ + path,
                  fmt::format("is answered {}: {}", answer.status, shown(answer.body)),
                  "what the model takes (Open Inference Protocol)",
                  "check the name, or give a request of your own with --input FILE.json");
    }
    simdjson::dom::parser parser;
    std::vector<ModelInput> inputs;
    for (const JsonView& input : parse_json(parser, answer.body, where_).at("inputs").items()) {
      inputs.push_back(input_of(input, rows));
    }
    return inputs;
  }

 private:
  HttpAnswer ask(const std::string& method, const std::string& path, const std::string& body) {
    HttpHeaders headers = target_.headers;
    headers.emplace_back("Accept", "application/json");
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return call(target_.endpoint, make_request(target_.endpoint, method, path, headers, body),
                kCallSeconds);
  }

  ModelInput input_of(const JsonView& view, int64_t rows) const {
    ModelInput input{view.at("name").text(), view.at("datatype").text(), {}};
    int64_t values = 1;
    for (const JsonView& size : view.at("shape").items()) {
      const int64_t known = size.integer();
      const int64_t wanted = known >= 0 ? known : input.shape.empty() ? rows : 1;
      if (wanted > 0 && values > kMostValues / wanted) {
        throw_input(where_, fmt::format("input '{}' has too many values", shown(input.name)),
                    fmt::format("at most {}", kMostValues), "give fewer --rows");
      }
      values *= wanted;
      input.shape.push_back(wanted);
    }
    return input;
  }

  const LoadTarget& target_;
  const std::string where_;
};

// Numbers of an input differ from those of the others.
uint64_t seed_of(const AskOptions& options, size_t input) { return options.seed + 1000 * input; }

std::string oip_body(const std::vector<ModelInput>& inputs, const AskOptions& options,
                     HttpHeaders& headers) {
  const bool binary = options.protocol == LoadProtocol::kOipBinary;
  JsonWriter json;
  std::string data;
  json.begin_object().key("inputs").begin_array();
  for (size_t i = 0; i < inputs.size(); ++i) {
    json.begin_object().field("name", inputs[i].name).field("datatype", inputs[i].datatype);
    json.key("shape").begin_array();
    for (const int64_t size : inputs[i].shape) json.value(size);
    json.end_array();
    if (binary) {
      const std::string bytes = made_bytes(inputs[i], seed_of(options, i));
      data += bytes;
      json.key("parameters").begin_object();
      json.field("binary_data_size", static_cast<int64_t>(bytes.size())).end_object();
    } else {
      json.key("data").raw(made_json(inputs[i], seed_of(options, i), false));
    }
    json.end_object();
  }
  json.end_array();
  if (binary) json.key("parameters").begin_object().field("binary_data_output", true).end_object();
  std::string body = json.end_object().take();
  if (binary) headers.emplace_back("Inference-Header-Content-Length", std::to_string(body.size()));
  return body + data;
}

int64_t rows_of(const std::vector<ModelInput>& inputs) {
  return inputs.empty() || inputs[0].shape.empty() ? 1 : inputs[0].shape[0];
}

// A row each: of one input its value, of several an object.
std::string rows_body(const std::vector<ModelInput>& inputs, const AskOptions& options) {
  std::string rows = "[";
  for (int64_t row = 0; row < rows_of(inputs); ++row) {
    if (row > 0) rows += ',';
    if (inputs.size() == 1) {
      rows += made_row_json(inputs[0], options.seed, row);
      continue;
    }
    JsonWriter json;
    json.begin_object();
    for (size_t i = 0; i < inputs.size(); ++i) {
      json.key(inputs[i].name).raw(made_row_json(inputs[i], seed_of(options, i), row));
    }
    rows += json.end_object().take();
  }
  return rows + "]";
}

std::string body_of(const std::vector<ModelInput>& inputs, const AskOptions& options,
                    HttpHeaders& headers) {
  switch (options.protocol) {
    case LoadProtocol::kOipJson:
    case LoadProtocol::kOipBinary:
      return oip_body(inputs, options, headers);
    case LoadProtocol::kTfServing:
      return "{\"instances\":" + rows_body(inputs, options) + "}";
    case LoadProtocol::kTorchServe:
      break;
  }
  return rows_body(inputs, options);
}

// "/v2/models/m/versions/2" -> "/v1/models/m/versions/2:predict".
std::string asked_path(const std::string& model, LoadProtocol protocol) {
  const std::string name = model.substr(kModels.size());
  if (protocol == LoadProtocol::kTfServing) return "/v1/models/" + name + ":predict";
  if (protocol != LoadProtocol::kTorchServe) return model + "/infer";
  const size_t version = name.find("/versions/");
  if (version == std::string::npos) return "/predictions/" + name;
  return "/predictions/" + name.substr(0, version) + name.substr(version + 9);
}

}  // namespace

const std::vector<std::string>& load_protocol_names() {
  static const std::vector<std::string> kNames = {"json", "binary", "tf", "torchserve"};
  return kNames;
}

LoadProtocol parse_load_protocol(const std::string& name) {
  const auto& names = load_protocol_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<LoadProtocol>(found - names.begin());
  throw_usage("--protocol", fmt::format("'{}'", name),
              fmt::format("one of {}", fmt::join(names, ", ")), "choose one");
}

std::string ModelInput::text() const {
  return fmt::format("{} {} [{}]", name, datatype, fmt::join(shape, ", "));
}

ModelRequest make_model_request(const LoadTarget& target, const AskOptions& options) {
  const std::string& path = target.endpoint.path;
  ModelRequest request;
  HttpHeaders headers = target.headers;
  std::string body = options.body;
  std::optional<std::string> model = model_path(path);
  Asking asking(target);
  if (model || path.empty()) {
    if (!model) {
      model = std::string(kModels) + (target.model.empty() ? asking.only_model() : target.model);
    }
    request.path = asked_path(*model, options.protocol);
  } else if (body.empty()) {
    throw_usage(target.endpoint.url() + path, "is no path of the Open Inference Protocol",
                "a request for it", "give one with --input FILE.json");
  } else {
    request.path = path;
  }
  if (!body.empty() && options.protocol == LoadProtocol::kOipBinary) {
    throw_usage("--input", "stands beside --protocol binary", "JSON without binary tensors",
                "leave one of them out");
  }
  if (body.empty()) {
    request.inputs = asking.inputs(*model, options.rows);
    body = body_of(request.inputs, options, headers);
  }
  headers.emplace_back("Content-Type", options.protocol == LoadProtocol::kOipBinary
                                           ? "application/octet-stream"
                                           : "application/json");
  request.bytes = make_request(target.endpoint, "POST", request.path, headers, body);
  return request;
}

void try_request(const LoadTarget& target, const ModelRequest& request, double seconds) {
  const HttpAnswer answer = call(target.endpoint, request.bytes, seconds, size_t{64} << 20);
  if (answer.status == 200) return;
  throw_input(target.endpoint.url() + request.path,
              fmt::format("answers {}: {}", answer.status, shown(answer.body)), "200",
              "give a request that it answers with --input FILE.json");
}

}  // namespace maas
