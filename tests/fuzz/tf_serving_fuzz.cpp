// Any bytes as a body of TensorFlow Serving's REST API: inputs of the shapes that the model takes,
// or an Error{kInput}, nothing else.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "serve/sample_models.h"
#include "serve/tf_serving/messages.h"

namespace {

template <class Parse>
void read(const std::string& body, const maas::SessionInfo& info, Parse parse) {
  try {
    const maas::PredictRequest request = parse(body, info);
    if (request.inputs.size() != info.inputs.size()) std::abort();
    for (size_t i = 0; i < request.inputs.size(); ++i) {
      if (request.inputs[i].scalar_type() != info.inputs[i].dtype) std::abort();
    }
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::SessionInfo models[] = {maas::image_model(), maas::table_model()};
  std::string body(reinterpret_cast<const char*>(data), size);
  body.reserve(body.size() + 64);
  for (const maas::SessionInfo& model : models) {
    read(body, model, maas::parse_predict);
    read(body, model, maas::parse_examples);
  }
  return 0;
}
