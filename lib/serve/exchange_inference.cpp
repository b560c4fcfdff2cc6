#include "serve/exchange_inference.h"

#include <algorithm>

#include "http/content_coding.h"
#include "serve/check_inputs.h"

namespace maas {
namespace {

constexpr size_t kMostWarnings = 8;
constexpr size_t kMostWarningBytes = 300;

// Column names and values are anybody's text; a header holds printable ASCII.
std::string header_text(std::string_view text) {
  std::string plain(text.substr(0, kMostWarningBytes));
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return plain;
}

}  // namespace

ExchangeInference::ExchangeInference(std::shared_ptr<HttpExchange> exchange,
                                     std::shared_ptr<const Session> session,
                                     const ServerState& state)
    : QueuedInference(state.request_timeout),
      exchange_(std::move(exchange)),
      session_(std::move(session)),
      state_(state) {}

void ExchangeInference::note_times(ServeClock::duration queue, ServeClock::duration compute) {
  if (!exchange_->wants_notes) return;
  exchange_->notes.model = info().name;
  exchange_->notes.version = info().version;
  exchange_->notes.queue_seconds = std::chrono::duration<double>(queue).count();
  exchange_->notes.compute_seconds = std::chrono::duration<double>(compute).count();
}

void ExchangeInference::fail(const InferenceFailure& failure) noexcept {
  exchange_->send_error(failure.status, failure.message,
                        {.retry_after_seconds = failure.retry_after_seconds});
}

void ExchangeInference::unpack_body() const { maas::unpack_body(*exchange_, state_.max_body); }

void ExchangeInference::check(const std::vector<at::Tensor>& inputs) const {
  check_inputs(inputs, info(), state_.max_batch);
  session_->check(inputs);
}

void ExchangeInference::send(std::string json, const std::vector<std::string>& warnings) const {
  ReplyHeaders headers;
  for (size_t i = 0; i < std::min(warnings.size(), kMostWarnings); ++i) {
    headers.others.emplace_back("Maas-Warning", header_text(warnings[i]));
  }
  send_packed(*exchange_, std::move(json), std::move(headers), state_.pack_above);
}

std::shared_ptr<const ServedModel> model_of(const HttpExchange& exchange,
                                            const ServerState& state) {
  return state.repository.find(exchange.route["model"], exchange.route["version"]);
}

HttpRefusal refuse_unknown_model(const HttpExchange& exchange, const ServerState& state) {
  if (model_of(exchange, state)) return {};
  return {404, state.repository.why_not(exchange.route["model"], exchange.route["version"])};
}

}  // namespace maas
