#include "serve/exchange_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>

#include "base/throw_error.h"
#include "base/utf8.h"
#include "http/content_coding.h"
#include "serve/check_inputs.h"

namespace maas {
namespace {

// Reading smaller ones takes little, and not for long.
constexpr size_t kCountedBody = 64 << 10;
constexpr size_t kMostWarnings = 8;
constexpr size_t kMostWarningBytes = 300;

bool lies_in(std::string_view bytes, const at::Tensor& tensor) {
  const std::less<> before;
  const auto* const data = static_cast<const char*>(tensor.const_data_ptr());
  return !before(data, bytes.data()) && before(data, bytes.data() + bytes.size());
}

// Column names and values are anybody's text; a header holds printable ASCII. What it may not hold,
// and '%' itself, is percent-encoded (RFC 3986, section 2.1).
std::string header_text(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(utf8_length(text, i), 1);
    if (i + length > kMostWarningBytes) break;  // no letter is cut
    for (const size_t end = i + length; i < end; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte >= 0x20 && byte <= 0x7e && byte != '%') {
        plain += text[i];
      } else {
        fmt::format_to(std::back_inserter(plain), "%{:02X}", byte);
      }
    }
  }
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

void ExchangeInference::note_request(const std::string& id, int64_t priority,
                                     std::chrono::microseconds timeout, const char* seen) {
  if (exchange_->wants_notes) exchange_->notes.id = id;
  if (priority != asked_priority_) {
    throw_input("parameters, priority", "was not seen when the request was queued", seen);
  }
  if (timeout.count() > 0) wait_at_most(timeout);
}

void ExchangeInference::fail(const InferenceFailure& failure) noexcept {
  exchange_->send_error(failure.status, failure.message,
                        {.retry_after_seconds = failure.retry_after_seconds});
}

std::vector<at::Tensor> ExchangeInference::inputs() {
  unpack_body(*exchange_, state_.max_body);
  std::vector<at::Tensor> read = read_inputs();
  if (is_counted()) {
    size_t bytes = 0;
    for (const at::Tensor& tensor : read) {
      if (!lies_in(exchange_->body, tensor)) bytes += tensor.nbytes();
    }
    foresee(bytes);
  }
  return read;
}

bool ExchangeInference::is_counted() const { return exchange_->body.size() >= kCountedBody; }

void ExchangeInference::foresee(size_t bytes) const {
  if (!exchange_->reserve(bytes)) throw RefusedRequest(no_memory_refusal());
}

void ExchangeInference::check(const std::vector<at::Tensor>& inputs) const {
  check_inputs(inputs, info(), state_.max_batch);
  session_->check(inputs);
}

void ExchangeInference::send(std::string json, const std::vector<std::string>& warnings) const {
  ReplyHeaders headers;
  for (size_t i = 0; i < std::min(warnings.size(), kMostWarnings); ++i) {
    headers.others.emplace_back("Maas-Warning", header_text(warnings[i]));
  }
  // The body of these protocols does not tell which version was chosen.
  if (state_.repository.traffic().knows(info().name)) {
    headers.others.emplace_back("Maas-Model-Version", info().version);
  }
  send_packed(*exchange_, std::move(json), std::move(headers), state_.pack_above);
}

void submit_to(const std::shared_ptr<const ServedModel>& model, const ServerState& state,
               std::shared_ptr<QueuedInference> inference) {
  const auto shadow = state.shadows == nullptr ? nullptr : state.repository.shadow_of(*model);
  if (shadow) {
    inference = with_shadow(
        std::move(inference),
        {.session = shadow->session, .statistics = shadow->shadow, .busy = model->batcher},
        *state.shadows);
  }
  model->batcher->submit(std::move(inference));
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
