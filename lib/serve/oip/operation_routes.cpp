#include "serve/oip/operation_routes.h"

#include <array>
#include <string>
#include <utility>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "http/content_coding.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/log_detail.h"
#include "serve/exchange_inference.h"
#include "serve/request_json.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;
using simdjson::dom::element;

constexpr size_t kLargestSettings = 64 << 10;

std::string log_settings() {
  const LogDetail detail = log_detail();
  JsonWriter json;
  json.begin_object().field("log_file", "").field("log_info", detail >= LogDetail::kNotices);
  json.field("log_warning", detail >= LogDetail::kNotices).field("log_error", true);
  json.field("log_verbose_level", int64_t{detail >= LogDetail::kRequests ? 1 : 0});
  json.field("log_format", "default").end_object();
  return json.take();
}

std::string trace_settings() {
  return R"({"trace_level":["OFF"],"trace_rate":"1000","trace_count":"-1","log_frequency":"0",)"
         R"("trace_file":"","trace_mode":"triton"})";
}

bool flag_of(element value, const std::string& where) {
  bool flag = false;
  if (value.get(flag) != simdjson::SUCCESS) throw_input(where, "is no boolean", "true or false");
  return flag;
}

// What may only be said as it is.
void check_fixed(element value, const std::string& where, std::string_view only) {
  if (text_of(value, where) == only) return;
  throw_input(where, "cannot be changed here", "'" + std::string(only) + "'");
}

LogDetail asked_detail(const JsonMembers& members) {
  bool tells_notices = log_detail() >= LogDetail::kNotices;
  bool tells_requests = log_detail() >= LogDetail::kRequests;
  if (const element* info = members.find("log_info")) tells_notices = flag_of(*info, "log_info");
  for (const auto& [name, value] : members) {
    const std::string where(name.substr(0, 64));
    if (name == "log_info" || value.is_null()) continue;
    if (name == "log_warning") {
      if (flag_of(value, where) != tells_notices) {
        throw_input(where, "is not as log_info", "both alike: there is one level for both");
      }
    } else if (name == "log_error") {
      if (!flag_of(value, where)) throw_input(where, "is false", "true: failures are always told");
    } else if (name == "log_verbose_level") {
      uint64_t level = 0;
      if (value.get(level) != simdjson::SUCCESS || level > 1) {
        throw_input(where, "is neither 0 nor 1", "0, or 1: each request is told");
      }
      tells_requests = level == 1;
    } else if (name == "log_file") {
      check_fixed(value, where, "");
    } else if (name == "log_format") {
      check_fixed(value, where, "default");
    } else {
      throw_input("'" + where + "'", "is no setting of the log",
                  "log_info, log_warning, log_error, log_verbose_level, log_file, log_format");
    }
  }
  if (tells_requests && !tells_notices) {
    throw_input("log_verbose_level", "is 1 where log_info is false", "log_info: true, too");
  }
  return tells_requests  ? LogDetail::kRequests
         : tells_notices ? LogDetail::kNotices
                         : LogDetail::kFailures;
}

// Clients say again what they have read; a null clears what they set before.
void check_trace(const JsonMembers& members) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kOnly = {
      {{"trace_rate", "1000"},
       {"trace_count", "-1"},
       {"log_frequency", "0"},
       {"trace_file", ""},
       {"trace_mode", "triton"}}};
  for (const auto& [name, value] : members) {
    const std::string where(name.substr(0, 64));
    bool known = name == "trace_level";
    if (known && !value.is_null()) {
      const bool is_list = value.is_array();
      for (const element level :
           is_list ? elements_of(value, where) : std::vector<element>{value}) {
        if (text_of(level, where) == "OFF") continue;
        throw_input(where, "asks for traces, which this server does not write",
                    "OFF; W3C trace contexts stand in the access log");
      }
    }
    for (const auto& [setting, only] : kOnly) {
      if (name != setting) continue;
      if (!value.is_null()) check_fixed(value, where, only);
      known = true;
    }
    if (!known) throw_input("'" + where + "'", "is no setting of traces", "those that GET tells");
  }
}

// Reads the body as an object, gives it to `use`, and answers what `told` says then.
template <class Use>
void answer_settings(HttpExchange& exchange, const Use& use, std::string (*told)()) {
  try {
    unpack_body(exchange, kLargestSettings);
    const RequestJson json(exchange.body);
    use(JsonMembers(json.root(), "body"));
  } catch (...) {
    const InferenceFailure failure = failure_of(std::current_exception());
    return exchange.send_error(failure.status, failure.message);
  }
  exchange.send(200, told());
}

HttpRefusal admit_settings(const HttpExchange& exchange) {
  const RequestHead& head = exchange.head;
  if (head.content_type_count == 0 || is_json_content_type(head.content_type)) return {};
  return {415, "the Content-Type must be application/json"};
}

}  // namespace

std::vector<Route> operation_routes(const ServerState& state) {
  const auto admit_log = [&state](const HttpExchange& exchange) -> HttpRefusal {
    if (state.control != nullptr && state.control->is_allowed()) return admit_settings(exchange);
    return {403, "the log is not set by clients here; serve.model_control allows it"};
  };
  std::vector<Route> routes = {
      {"GET",
       "/v2/logging",
       RouteScope::kAdmin,
       [](const Exchange& exchange) { exchange->send(200, log_settings()); },
       {},
       {"How much the server logs (Triton)", "", "Object"}},
      {"POST",
       "/v2/logging",
       RouteScope::kAdmin,
       [](const Exchange& exchange) {
         answer_settings(
             *exchange, [](const JsonMembers& asked) { set_log_detail(asked_detail(asked)); },
             &log_settings);
       },
       admit_log,
       {"Sets how much the server logs (Triton)", "", "Object"}}};
  const auto known_model = [&state](const HttpExchange& exchange) {
    return exchange.route["model"].empty() ? HttpRefusal{} : refuse_unknown_model(exchange, state);
  };
  for (const std::string_view pattern : {"/v2/trace/setting", "/v2/models/{model}/trace/setting"}) {
    routes.push_back({"GET",
                      pattern,
                      RouteScope::kMetrics,
                      [](const Exchange& exchange) { exchange->send(200, trace_settings()); },
                      known_model,
                      {"What is traced, which is nothing (Triton)", "", "Object"}});
    routes.push_back({"POST",
                      pattern,
                      RouteScope::kAdmin,
                      [](const Exchange& exchange) {
                        answer_settings(*exchange, &check_trace, &trace_settings);
                      },
                      [known_model](const HttpExchange& exchange) {
                        HttpRefusal refusal = known_model(exchange);
                        return refusal.status != 0 ? refusal : admit_settings(exchange);
                      },
                      {"Takes that nothing is traced (Triton)", "", "Object"}});
  }
  return routes;
}

}  // namespace maas
