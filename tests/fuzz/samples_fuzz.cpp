// Any bytes as the body of the requests that hold samples, of a model of images, of a table and of
// tensors alone: inputs of the shapes that the model takes, or an Error{kInput}, nothing else. The
// first byte says which model and request.
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "serve/check_inputs.h"
#include "serve/sample_models.h"
#include "serve/samples/read_body.h"
#include "serve/tf_serving/messages.h"

namespace {

maas::SessionInfo tensors_alone() {
  maas::SessionInfo info;
  info.name = "net";
  info.inputs = {{"x", at::kFloat, {-1, 2}}, {"i", at::kByte, {-1}}};
  return info;
}

std::vector<at::Tensor> read(int request, std::string_view body, const maas::SessionInfo& info) {
  switch (request) {
    case 0:
      return maas::read_body(body, "", info).inputs;
    case 1:
      return maas::read_body(body, "application/json", info).inputs;
    case 2:
      return maas::read_body(body, "multipart/form-data; boundary=b", info).inputs;
    case 3:
      return maas::parse_predict(body, info).inputs;
    default:
      return maas::parse_examples(body, info).inputs;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::SessionInfo models[] = {maas::image_model(), maas::table_model(),
                                             tensors_alone()};
  if (size == 0) return 0;
  std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  body.reserve(size + 64);
  const maas::SessionInfo& info = models[data[0] % 3];
  std::vector<at::Tensor> inputs;
  try {
    inputs = read(data[0] / 3 % 5, body, info);
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
    return 0;
  }
  if (inputs.size() != info.inputs.size()) std::abort();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].scalar_type() != info.inputs[i].dtype) std::abort();
  }
  maas::check_inputs(inputs, info, 0);
  return 0;
}
