// Any inputs, parameters and contents of a ModelInferRequest as protobuf hands them over: tensors
// of the shapes that the model takes, or an Error{kInput}, nothing else. Of a model of tensors, one
// for images and one for a table, which take BYTES.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "fuzz/expect_inputs.h"
#include "serve/grpc/infer.h"

namespace {

using Provider = FuzzedDataProvider;

constexpr const char* kNames[] = {"x", "b", "image", "age", "income", "city", "numeric", "y"};
constexpr const char* kTypes[] = {"FP32", "BOOL", "UINT8",  "INT64",  "BYTES", "INT8",  "FP64",
                                  "FP16", "BF16", "UINT16", "UINT32", "INT16", "INT32", "UINT64"};
constexpr const char* kParameters[] = {"priority",    "timeout", "classification",  "binary_data",
                                       "sequence_id", "x",       "binary_data_size"};

// A request whose parts are views into what is kept here.
class Made {
 public:
  explicit Made(Provider& from) : from_(from) {
    request.id = text();
    request.parameters = parameters();
    for (size_t i = from_.ConsumeIntegralInRange(0, 4); i > 0; --i) add_input();
    for (size_t i = from_.ConsumeIntegralInRange(0, 2); i > 0; --i) {
      request.outputs.push_back({name(), parameters()});
    }
    for (size_t i = from_.ConsumeIntegralInRange(0, 4); i > 0; --i) request.raw.push_back(text());
  }

  maas::GrpcInferRequest request;

 private:
  std::string_view text() { return texts_.emplace_back(from_.ConsumeRandomLengthString(64)); }
  std::string_view name() {
    return from_.ConsumeBool() ? std::string_view(from_.PickValueInArray(kNames)) : text();
  }

  maas::GrpcParameters parameters() {
    maas::GrpcParameters made;
    for (size_t i = from_.ConsumeIntegralInRange(0, 2); i > 0; --i) {
      const std::string_view key =
          from_.ConsumeBool() ? std::string_view(from_.PickValueInArray(kParameters)) : text();
      switch (from_.ConsumeIntegralInRange(0, 5)) {
        case 0:
          made.emplace_back(key, from_.ConsumeBool());
          break;
        case 1:
          made.emplace_back(key, from_.ConsumeIntegral<int64_t>());
          break;
        case 2:
          made.emplace_back(key, text());
          break;
        case 3:
          made.emplace_back(key, from_.ConsumeFloatingPoint<double>());
          break;
        case 4:
          made.emplace_back(key, from_.ConsumeIntegral<uint64_t>());
          break;
        default:
          made.emplace_back(key, std::monostate());
      }
    }
    return made;
  }

  template <class T>
  std::span<const T> numbers(std::deque<std::vector<T>>& kept) {
    std::vector<T>& made = kept.emplace_back();
    for (size_t i = from_.ConsumeIntegralInRange(0, 6); i > 0; --i) {
      made.push_back(static_cast<T>(from_.ConsumeIntegral<int64_t>()));
    }
    return made;
  }

  void add_input() {
    std::vector<int64_t>& shape = int64s_.emplace_back();
    for (size_t i = from_.ConsumeIntegralInRange(0, 4); i > 0; --i) {
      shape.push_back(from_.ConsumeBool() ? from_.ConsumeIntegralInRange(0, 3)
                                          : from_.ConsumeIntegral<int64_t>());
    }
    maas::GrpcInput& input = request.inputs.emplace_back();
    input.name = name();
    input.datatype =
        from_.ConsumeBool() ? std::string_view(from_.PickValueInArray(kTypes)) : text();
    input.shape = shape;
    input.parameters = parameters();
    input.has_contents = from_.ConsumeBool();
    if (!input.has_contents) return;
    input.contents.ints = numbers(ints_);
    input.contents.int64s = numbers(int64s_);
    input.contents.uints = numbers(uints_);
    input.contents.uint64s = numbers(uint64s_);
    input.contents.floats = numbers(floats_);
    input.contents.doubles = numbers(doubles_);
    for (size_t i = from_.ConsumeIntegralInRange(0, 4); i > 0; --i) {
      input.contents.texts.push_back(text());
    }
  }

  Provider& from_;
  std::deque<std::string> texts_;
  std::deque<std::vector<int32_t>> ints_;
  std::deque<std::vector<int64_t>> int64s_;
  std::deque<std::vector<uint32_t>> uints_;
  std::deque<std::vector<uint64_t>> uint64s_;
  std::deque<std::vector<float>> floats_;
  std::deque<std::vector<double>> doubles_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Provider from(data, size);
  const Made made(from);
  if (maas::grpc_priority(made.request) < 0) std::abort();
  for (const maas::SessionInfo& model : maas::fuzzed_models()) {
    maas::GrpcRequestText text;
    maas::expect_inputs_or_refusal(model, [&] {
      text = maas::grpc_request_text(made.request);
      return maas::parse_grpc_request(text, model,
                                      {.max_batch = maas::kMostRows, .priority_levels = 3});
    });
  }
  return 0;
}
