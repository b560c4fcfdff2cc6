// An inference that a client asked for over HTTP: what all protocols do alike.
#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/exchange.h"
#include "serve/queued_inference.h"
#include "serve/server_state.h"
#include "serve/session.h"

namespace maas {

// A protocol adds read_inputs() and answer(), which sends 200.
class ExchangeInference : public QueuedInference {
 public:
  ExchangeInference(std::shared_ptr<HttpExchange> exchange, std::shared_ptr<const Session> session,
                    const ServerState& state);

  const void* client() const override { return exchange_.get(); }
  bool is_wanted() override { return !exchange_->client_is_gone(); }
  // The one that was asked for, else the last.
  int64_t level() const override {
    return asked_priority_ > 0 ? asked_priority_ : std::max<int64_t>(1, state_.priority_levels);
  }
  std::vector<at::Tensor> inputs() final;
  void note_times(ServeClock::duration queue, ServeClock::duration compute) override;
  void fail(const InferenceFailure& failure) noexcept override;

 protected:
  HttpExchange& exchange() const { return *exchange_; }
  const SessionInfo& info() const { return session_->info(); }
  const Session& session() const { return *session_; }
  const ServerState& state() const { return state_; }

  // Of protocols that have priorities, before it is queued: what the request asks for as far as
  // that is seen without reading it; 0 = nothing.
  void ask_priority(int64_t priority) { asked_priority_ = priority; }
  // Of a request that was read: its id for the log, its priority, and its own timeout. Throws
  // Error{kInput} for another priority than it was queued with, saying how one is `seen`.
  void note_request(const std::string& id, int64_t priority, std::chrono::microseconds timeout,
                    const char* seen);

  // inputs() of the body, which is unpacked.
  virtual std::vector<at::Tensor> read_inputs() = 0;
  // Whether what reading the body takes is to be counted: it is long.
  bool is_counted() const;
  // Counts what reading is about to take, instead of what was counted before; throws
  // RefusedRequest where there is no room for it. Of a body that is counted.
  void foresee(size_t bytes) const;
  // Shapes and values of inputs that were not read by their own tensors' names.
  void check(const std::vector<at::Tensor>& inputs) const;
  // JSON, packed where the client accepts it; each warning in a header "Maas-Warning",
  // percent-encoded.
  void send(std::string json, const std::vector<std::string>& warnings) const;

 private:
  const std::shared_ptr<HttpExchange> exchange_;
  const std::shared_ptr<const Session> session_;
  const ServerState& state_;
  int64_t asked_priority_ = 0;
};

// The model that a route's {model} and {version} name, and what the client hears without one: a
// repository may change between the head of a request and its body.
std::shared_ptr<const ServedModel> model_of(const HttpExchange& exchange, const ServerState& state);
HttpRefusal refuse_unknown_model(const HttpExchange& exchange, const ServerState& state);

// Puts it into the queue of the model, with a copy for a shadow where there is to be one.
void submit_to(const std::shared_ptr<const ServedModel>& model, const ServerState& state,
               std::shared_ptr<QueuedInference> inference);

// A handler that queues an `Inference` (made of exchange, session and state) with its model.
template <class Inference>
void submit_inference(std::shared_ptr<HttpExchange> exchange, const ServerState& state) {
  const auto model = state.repository.pick(exchange->route["model"], exchange->route["version"]);
  if (!model) {
    const HttpRefusal refusal = refuse_unknown_model(*exchange, state);
    return exchange->send_error(refusal.status, refusal.message);
  }
  submit_to(model, state, std::make_shared<Inference>(std::move(exchange), model->session, state));
}

}  // namespace maas
