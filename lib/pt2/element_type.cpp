#include "pt2/element_type.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

// torch/_export/serde/schema.py, ScalarType, of torch 2.13.
std::string name_of(int64_t number) {
  switch (number) {
    case 9:
      return "complex32";
    case 29:
      return "float8_e4m3fn";
    case 30:
      return "float8_e5m2";
    case 31:
      return "float8_e4m3fnuz";
    case 32:
      return "float8_e5m2fnuz";
    case 33:
      return "float8_e8m0fnu";
    default:
      return fmt::format("number {}", number);
  }
}

}  // namespace

at::ScalarType read_element_type(int64_t number, const std::string& place) {
  if (const auto dtype = dtype_from_export(number)) return *dtype;
  throw_input(place, "element type " + name_of(number),
              "float16, bfloat16, float32, float64, complex64, complex128, integers or bool",
              "convert the model to one of these before exporting it, as model.to(torch.bfloat16)");
}

}  // namespace maas
