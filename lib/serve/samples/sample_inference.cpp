#include "serve/samples/sample_inference.h"

#include <fmt/format.h>

#include <utility>

#include "serve/request_json.h"
#include "serve/samples/read_body.h"

namespace maas {

std::vector<at::Tensor> SampleInference::read_inputs() {
  if (is_counted()) foresee(json_reading_bytes(exchange().body));
  ReadSamples read = read_body(exchange().body, exchange().head.content_type, info());
  check(read.inputs);
  is_list_ = read.is_list;
  warnings_ = std::move(read.warnings);
  return std::move(read.inputs);
}

void SampleInference::answer(const std::vector<at::Tensor>& outputs) {
  send(answer_text(outputs, is_list_), warnings_);
}

HttpRefusal refuse_body_type(const HttpExchange& exchange, const SessionInfo& info) {
  if (is_body_type(exchange.head.content_type, info)) return {};
  const char* const text = is_body_type("text/plain", info) ? "text/plain, " : "";
  return {415, fmt::format("the Content-Type must be application/json, image/..., text/csv, {}"
                           "multipart/form-data or application/octet-stream; `curl -T FILE` sends "
                           "a file without any",
                           text)};
}

}  // namespace maas
