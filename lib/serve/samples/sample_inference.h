// An inference on samples as people send them: an image, rows of a table, tensors
#pragma once

#include <string>
#include <vector>

#include "http/exchange.h"
#include "http/reply.h"
#include "serve/exchange_inference.h"

namespace maas {

// Reads its inputs by read_body(); a protocol adds how it words the answer.
class SampleInference : public ExchangeInference {
 public:
  using ExchangeInference::ExchangeInference;
  void answer(const std::vector<at::Tensor>& outputs) final;

 protected:
  // The JSON of the answer; `is_list`: a list of samples was sent.
  virtual std::string answer_text(const std::vector<at::Tensor>& outputs, bool is_list) const = 0;

 private:
  std::vector<at::Tensor> read_inputs() final;

  bool is_list_ = true;
  std::vector<std::string> warnings_;
};

// 415 for a body of a type that read_body() does not know for the model, saying which it does; else
// none.
HttpRefusal refuse_body_type(const HttpExchange& exchange, const SessionInfo& info);

}  // namespace maas
