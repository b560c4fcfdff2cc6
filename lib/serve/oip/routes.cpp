#include "serve/oip/routes.h"

#include <fmt/format.h>

#include <utility>

#include "http/exchange.h"
#include "http/head.h"
#include "serve/oip/messages.h"

namespace maas {
namespace {

using Exchange = std::shared_ptr<HttpExchange>;

class OipInference final : public QueuedInference {
 public:
  OipInference(Exchange exchange, std::shared_ptr<const Session> session, const ServerState& state)
      : OipInference(std::move(exchange), std::move(session), state, ServeClock::now()) {}

  bool is_wanted() override { return !exchange_->client_is_gone(); }

  std::optional<std::vector<at::Tensor>> inputs() override {
    try {
      request_ = parse_infer_request(exchange_->body, session_->info(), max_batch_);
    } catch (...) {
      fail(failure_of(std::current_exception()));
      return std::nullopt;
    }
    if (request_.timeout.count() > 0 && ServeClock::now() - arrived_ > request_.timeout) {
      fail({504, "the request waited longer than its timeout allows"});
      return std::nullopt;
    }
    return std::move(request_.inputs);
  }

  void answer(const std::vector<at::Tensor>& outputs) override {
    std::string text;
    try {
      text = infer_answer(session_->info(), request_, outputs);
    } catch (...) {
      return fail(failure_of(std::current_exception()));
    }
    exchange_->send(200, std::move(text));
  }

  void fail(const InferenceFailure& failure) override {
    exchange_->send_error(failure.status, failure.message,
                          {.retry_after_seconds = failure.retry_after_seconds});
  }

 private:
  OipInference(Exchange exchange, std::shared_ptr<const Session> session, const ServerState& state,
               ServeClock::time_point now)
      : QueuedInference(now + state.request_timeout),
        exchange_(std::move(exchange)),
        session_(std::move(session)),
        max_batch_(state.max_batch),
        arrived_(now) {}

  const Exchange exchange_;
  const std::shared_ptr<const Session> session_;
  const int64_t max_batch_;
  const ServeClock::time_point arrived_;
  InferRequest request_;
};

class OipHandlers {
 public:
  explicit OipHandlers(const ServerState& state) : state_(state) {}

  HttpRefusal admit_model(const HttpExchange& exchange) const {
    if (model_of(exchange)) return {};
    return {404, no_model(exchange)};
  }

  HttpRefusal admit_inference(const HttpExchange& exchange) const {
    if (HttpRefusal refusal = admit_model(exchange); refusal.status != 0) return refusal;
    if (exchange.header("Inference-Header-Content-Length")) {
      return {415, "tensors are taken in JSON only; tritonclient: binary_data=False"};
    }
    // A page elsewhere can post text/plain and forms to this server unasked. No type at all, which
    // tritonclient sends, is safe: browsers tell the origin of a post, and that has been checked.
    const RequestHead& head = exchange.head;
    if (head.content_type_count > 0 && !is_json_content_type(head.content_type)) {
      return {415, "the Content-Type must be application/json"};
    }
    return {};
  }

  void live(Exchange exchange) const { exchange->send(200, R"({"live":true})"); }

  void ready(Exchange exchange) const {
    const bool ready = state_.ready;
    exchange->send(ready ? 200 : 503, ready ? R"({"ready":true})" : R"({"ready":false})");
  }

  void metadata(Exchange exchange) const { exchange->send(200, server_metadata(state_.version)); }

  void model_metadata(Exchange exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      exchange->send(200, maas::model_metadata(model.info()));
    });
  }

  void model_ready(Exchange exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      const bool ready = state_.ready;
      exchange->send(ready ? 200 : 503,
                     fmt::format(R"({{"name":"{}","ready":{}}})", model.info().name, ready));
    });
  }

  void infer(Exchange exchange) const {
    with_model(*exchange, [&](const ServedModel& model) {
      model.batcher->submit(
          std::make_shared<OipInference>(std::move(exchange), model.session, state_));
    });
  }

 private:
  std::shared_ptr<const ServedModel> model_of(const HttpExchange& exchange) const {
    return state_.repository.find(exchange.route["model"], exchange.route["version"]);
  }
  std::string no_model(const HttpExchange& exchange) const {
    return state_.repository.why_not(exchange.route["model"], exchange.route["version"]);
  }
  // It was there when the head was admitted; a repository may change while the body comes.
  template <class Answer>
  void with_model(HttpExchange& exchange, Answer answer) const {
    const auto model = model_of(exchange);
    if (!model) return exchange.send_error(404, no_model(exchange));
    answer(*model);
  }

  const ServerState& state_;
};

}  // namespace

std::vector<Route> oip_routes(const ServerState& state) {
  const auto handlers = std::make_shared<const OipHandlers>(state);
  const auto answer = [&](void (OipHandlers::*handler)(Exchange) const) {
    return [handlers, handler](Exchange exchange) { (*handlers.*handler)(std::move(exchange)); };
  };
  std::vector<Route> routes = {
      {"GET", "/v2/health/live", RouteScope::kPublic, answer(&OipHandlers::live)},
      {"GET", "/v2/health/ready", RouteScope::kPublic, answer(&OipHandlers::ready)},
      {"GET", "/v2", RouteScope::kPublic, answer(&OipHandlers::metadata)},
  };
  const auto admit_model = [handlers](const HttpExchange& e) { return handlers->admit_model(e); };
  const auto admit_inference = [handlers](const HttpExchange& e) {
    return handlers->admit_inference(e);
  };
  const auto add_for_model = [&](std::string_view whole, std::string_view ready,
                                 std::string_view infer) {
    routes.push_back(
        {"GET", whole, RouteScope::kPublic, answer(&OipHandlers::model_metadata), admit_model});
    routes.push_back(
        {"GET", ready, RouteScope::kPublic, answer(&OipHandlers::model_ready), admit_model});
    routes.push_back(
        {"POST", infer, RouteScope::kInfer, answer(&OipHandlers::infer), admit_inference});
  };
  add_for_model("/v2/models/{model}", "/v2/models/{model}/ready", "/v2/models/{model}/infer");
  add_for_model("/v2/models/{model}/versions/{version}",
                "/v2/models/{model}/versions/{version}/ready",
                "/v2/models/{model}/versions/{version}/infer");
  return routes;
}

}  // namespace maas
