#include "load/made_values.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <functional>
#include <numeric>
#include <random>

#include "base/throw_error.h"

namespace maas {
namespace {

static_assert(std::endian::native == std::endian::little);

enum class Kind { kFloat, kByte, kInteger, kBool };

struct Datatype {
  const char* name;
  Kind kind;
  size_t bytes;
};
constexpr Datatype kDatatypes[] = {
    {"FP64", Kind::kFloat, 8},     {"FP32", Kind::kFloat, 4},     {"FP16", Kind::kFloat, 2},
    {"BF16", Kind::kFloat, 2},     {"UINT8", Kind::kByte, 1},     {"INT8", Kind::kInteger, 1},
    {"INT16", Kind::kInteger, 2},  {"INT32", Kind::kInteger, 4},  {"INT64", Kind::kInteger, 8},
    {"UINT16", Kind::kInteger, 2}, {"UINT32", Kind::kInteger, 4}, {"UINT64", Kind::kInteger, 8},
    {"BOOL", Kind::kBool, 1},
};

const Datatype& datatype_of(const ModelInput& input) {
  for (const Datatype& known : kDatatypes) {
    if (input.datatype == known.name) return known;
  }
  throw_usage("input '" + input.name + "'", "takes " + input.datatype,
              "numbers, which can be made up", "give a request of your own with --input FILE.json");
}

// One after the other; the same for the same seed.
class Values {
 public:
  Values(const Datatype& type, uint64_t seed) : type_(type), generator_(seed) {}

  double next() {
    const uint64_t bits = generator_();
    switch (type_.kind) {
      case Kind::kFloat:  // thousandths: few digits, as measured values have
        return static_cast<double>(bits % 1000) / 1000;
      case Kind::kByte:
        return static_cast<double>(bits % 256);
      case Kind::kInteger:  // small: they may pick from a table
      case Kind::kBool:
        break;
    }
    return static_cast<double>(bits % 2);
  }

  std::string next_json() {
    const double value = next();
    if (type_.kind == Kind::kBool) return value != 0 ? "true" : "false";
    return type_.kind == Kind::kFloat ? fmt::format("{:.3f}", value)
                                      : fmt::format("{}", static_cast<int>(value));
  }

 private:
  const Datatype& type_;
  std::mt19937_64 generator_;
};

int64_t count_of(const std::vector<int64_t>& shape, size_t from = 0) {
  return std::accumulate(shape.begin() + static_cast<std::ptrdiff_t>(from), shape.end(), int64_t{1},
                         std::multiplies<>());
}

void append_nested(std::string& text, Values& values, const std::vector<int64_t>& shape,
                   size_t dim) {
  if (dim == shape.size()) {
    text += values.next_json();
    return;
  }
  text += '[';
  for (int64_t i = 0; i < shape[dim]; ++i) {
    if (i > 0) text += ',';
    append_nested(text, values, shape, dim + 1);
  }
  text += ']';
}

template <class T>
void append(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

// Of these two the upper half: zeros below do no harm.
uint16_t bfloat16(float value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
}

void append_value(std::string& bytes, const Datatype& type, double value) {
  const std::string_view name = type.name;
  if (name == "FP64") return append(bytes, value);
  if (name == "FP32") return append(bytes, static_cast<float>(value));
  if (name == "BF16") return append(bytes, bfloat16(static_cast<float>(value)));
  if (name == "FP16") return append(bytes, static_cast<uint16_t>(value < 0.5 ? 0 : 0x3800));  // 0.5
  const auto whole = static_cast<uint64_t>(value);
  char raw[sizeof(whole)];
  std::memcpy(raw, &whole, sizeof(whole));
  bytes.append(raw, type.bytes);
}

}  // namespace

std::string made_json(const ModelInput& input, uint64_t seed, bool nested) {
  Values values(datatype_of(input), seed);
  std::string text;
  append_nested(text, values, nested ? input.shape : std::vector<int64_t>{count_of(input.shape)},
                0);
  return text;
}

std::string made_row_json(const ModelInput& input, uint64_t seed, int64_t row) {
  Values values(datatype_of(input), seed + static_cast<uint64_t>(row));
  std::string text;
  append_nested(text, values, input.shape, std::min<size_t>(1, input.shape.size()));
  return text;
}

std::string made_bytes(const ModelInput& input, uint64_t seed) {
  const Datatype& type = datatype_of(input);
  Values values(type, seed);
  std::string bytes;
  for (int64_t i = 0; i < count_of(input.shape); ++i) append_value(bytes, type, values.next());
  return bytes;
}

}  // namespace maas
