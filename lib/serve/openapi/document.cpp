#include "serve/openapi/document.h"

#include <algorithm>
#include <set>

#include "base/json_writer.h"
#include "http/content_coding.h"
#include "http/exchange.h"
#include "serve/openapi/schemas.h"

namespace maas {
namespace {

using Models = std::vector<std::shared_ptr<const ServedModel>>;

// "post_v2_models_model_infer"
std::string operation_id(const Route& route) {
  std::string id;
  for (const char c : std::string(route.method) + std::string(route.pattern)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool large = c >= 'A' && c <= 'Z';
    if (letter || large) {
      id += large ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!id.ends_with('_')) {
      id += '_';
    }
  }
  while (id.ends_with('_')) id.pop_back();
  return id;
}

// Whether such requests hold samples, whose answers may have warnings in their headers.
bool is_of_samples(std::string_view request) {
  return request == "Prediction" || request == "TfPredict" || request == "TfExamples";
}

void write_reference(JsonWriter& json, const std::string& name) {
  json.begin_object().field("$ref", "#/components/schemas/" + name).end_object();
}

class Document {
 public:
  Document(std::span<const Route> routes, const Models& models)
      : routes_(routes), models_(models) {}

  std::string write(const std::string& version) {
    json_.begin_object().field("openapi", "3.1.0").key("info").begin_object();
    json_.field("title", "maas").field("version", version);
    json_.field("description",
                "Models behind HTTP: the Open Inference Protocol, TorchServe's and "
                "TensorFlow Serving's interfaces to the same models.");
    json_.end_object();
    write_paths();
    json_.key("components").begin_object().key("schemas");
    write_schemas();
    json_.key("securitySchemes").begin_object().key("key").begin_object();
    json_.field("type", "http").field("scheme", "bearer").end_object().end_object();
    json_.end_object();
    // A key only where the server has a file of keys.
    json_.key("security").begin_array().begin_object().end_object();
    json_.begin_object().key("key").begin_array().end_array().end_object().end_array();
    json_.end_object();
    return json_.take();
  }

 private:
  void write_paths() {
    json_.key("paths").begin_object();
    std::set<std::string_view> done;
    for (const Route& first : routes_) {
      if (first.doc.summary.empty() || !done.insert(first.pattern).second) continue;
      json_.key(first.pattern).begin_object();
      write_parameters(first.pattern);
      for (const Route& route : routes_) {
        if (route.pattern == first.pattern && !route.doc.summary.empty()) write_operation(route);
      }
      json_.end_object();
    }
    json_.end_object();
  }

  void write_parameters(std::string_view pattern) {
    if (pattern.find('{') == std::string_view::npos) return;
    json_.key("parameters").begin_array();
    for (size_t begin; (begin = pattern.find('{')) != std::string_view::npos;) {
      const size_t end = pattern.find('}', begin);
      const std::string_view name = pattern.substr(begin + 1, end - begin - 1);
      json_.begin_object().field("name", name).field("in", "path").field("required", true);
      json_.key("schema").begin_object().field("type", "string");
      write_values(name);
      json_.end_object().end_object();
      pattern.remove_prefix(end + 1);
    }
    json_.end_array();
  }

  // What a path may have for {model} and {version}, as examples: models come and go.
  void write_values(std::string_view name) {
    std::vector<std::string> values;
    for (const auto& model : models_) {
      const std::string& value = name == "version" ? model->info().version : model->info().name;
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
    json_.key("examples").begin_array();
    for (const std::string& value : values) json_.value(value);
    json_.end_array();
  }

  void write_operation(const Route& route) {
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return static_cast<char>(c - 'A' + 'a'); });
    json_.key(method).begin_object().field("operationId", operation_id(route));
    json_.field("summary", route.doc.summary);
    if (is_model_schema(route.doc.request)) write_request(route.doc.request);
    json_.key("responses").begin_object().key("200").begin_object();
    json_.field("description", "the answer");
    if (is_of_samples(route.doc.request)) write_warning_header();
    if (is_fixed_schema(route.doc.answer)) {
      json_.key("content").begin_object();
      write_content("application/json", std::string(route.doc.answer));
      json_.end_object();
    }
    json_.end_object().key("default").begin_object();
    json_.field("description", "what was wrong").key("content").begin_object();
    write_content("application/json", "Error");
    json_.end_object().end_object().end_object().end_object();
  }

  void write_warning_header() {
    json_.key("headers").begin_object().key("Maas-Warning").begin_object();
    json_.field("description",
                "A value that was read as unknown or missing, percent-encoded (RFC 3986) UTF-8; "
                "one for each column that has any");
    json_.key("schema").begin_object().field("type", "string");
    json_.end_object().end_object().end_object();
  }

  void write_content(std::string_view type, const std::string& schema) {
    json_.key(type).begin_object().key("schema");
    write_reference(json_, schema);
    json_.end_object();
  }

  void write_request(std::string_view name) {
    json_.key("requestBody").begin_object().field("required", true).key("content").begin_object();
    json_.key("application/json").begin_object().key("schema");
    write_request_schema(name);
    json_.end_object();
    if (name == "Prediction") write_file_types();
    json_.end_object().end_object();
  }

  void write_request_schema(std::string_view name) {
    if (models_.size() == 1) {
      return write_reference(json_, model_schema_name(name, models_[0]->info()));
    }
    json_.begin_object();
    if (!models_.empty()) json_.key("anyOf").begin_array();
    for (const auto& model : models_) {
      write_reference(json_, model_schema_name(name, model->info()));
    }
    if (!models_.empty()) json_.end_array();
    json_.end_object();
  }

  // A file by itself, or as the part `data` of a form.
  void write_file_types() {
    json_.key("application/octet-stream").begin_object().key("schema").begin_object();
    json_.field("type", "string").field("format", "binary").end_object().end_object();
    json_.key("multipart/form-data").begin_object().key("schema").begin_object();
    json_.field("type", "object").key("required").begin_array().value("data").end_array();
    json_.key("properties").begin_object().key("data").begin_object().field("type", "string");
    json_.field("format", "binary").end_object().end_object().end_object().end_object();
    if (any_model([](const InputSpec& input) { return input.kind == InputKind::kTable; })) {
      write_text_type("text/csv");
    }
    if (any_model([](const InputSpec& input) { return input.is_one_text(); })) {
      write_text_type("text/plain");
    }
  }

  void write_text_type(std::string_view type) {
    json_.key(type).begin_object().key("schema").begin_object();
    json_.field("type", "string").end_object().end_object();
  }

  template <class Is>
  bool any_model(const Is& is) const {
    return std::any_of(models_.begin(), models_.end(), [&](const auto& model) {
      const SessionInfo& info = model->info();
      return info.samples && is(info.samples->data.input);
    });
  }

  void write_schemas() {
    std::string text = "{" + std::string(fixed_schemas());
    for (const auto& model : models_) write_model_schemas(text, model->info());
    json_.raw(text + "}");
  }

  std::span<const Route> routes_;
  const Models& models_;
  JsonWriter json_;
};

}  // namespace

std::string openapi_document(std::span<const Route> routes, const Models& models,
                             const std::string& version) {
  return Document(routes, models).write(version);
}

Route openapi_route(std::vector<Route> routes, const ServerState& state) {
  const RouteDoc doc{"This description"};
  Route route{"GET", "/openapi.json", RouteScope::kInfer, {}, {}, doc};
  routes.push_back(route);
  route.handle = [routes = std::move(routes),
                  &state](const std::shared_ptr<HttpExchange>& exchange) {
    const Models models = state.repository.models();
    send_packed(*exchange, openapi_document(routes, models, state.version), {}, state.pack_above);
  };
  return route;
}

}  // namespace maas
