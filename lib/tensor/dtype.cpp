#include "tensor/dtype.h"

#include <algorithm>
#include <array>

namespace maas {
namespace {

struct DtypeRow {
  at::ScalarType type;
  const char* name;
  int64_t exported;
  const char* protocol;
  const char* safetensors;
};

// torch/_export/serde/schema.py, ScalarType; KServe's required_api.md; safetensors' README. "" =
// has no name there.
constexpr std::array<DtypeRow, 15> kRows = {{
    {at::kByte, "u8", 1, "UINT8", "U8"},
    {at::kChar, "i8", 2, "INT8", "I8"},
    {at::kShort, "i16", 3, "INT16", "I16"},
    {at::kInt, "i32", 4, "INT32", "I32"},
    {at::kLong, "i64", 5, "INT64", "I64"},
    {at::kHalf, "f16", 6, "FP16", "F16"},
    {at::kFloat, "f32", 7, "FP32", "F32"},
    {at::kDouble, "f64", 8, "FP64", "F64"},
    {at::kComplexFloat, "c64", 10, "", "C64"},
    {at::kComplexDouble, "c128", 11, "", ""},
    {at::kBool, "bool", 12, "BOOL", "BOOL"},
    {at::kBFloat16, "bf16", 13, "BF16", "BF16"},
    {at::kUInt16, "u16", 28, "UINT16", "U16"},
    {at::kUInt32, "u32", 34, "UINT32", "U32"},
    {at::kUInt64, "u64", 35, "UINT64", "U64"},
}};

template <class Matches>
const DtypeRow* find_row(Matches matches) {
  for (const DtypeRow& row : kRows) {
    if (matches(row)) return &row;
  }
  return nullptr;
}

}  // namespace

std::string dtype_name(at::ScalarType dtype) {
  const DtypeRow* row = find_row([&](const DtypeRow& r) { return r.type == dtype; });
  return row != nullptr ? row->name : c10::toString(dtype);
}

std::optional<at::ScalarType> dtype_from_export(int64_t number) {
  const DtypeRow* row = find_row([&](const DtypeRow& r) { return r.exported == number; });
  return row != nullptr ? std::optional(row->type) : std::nullopt;
}

std::optional<int64_t> dtype_to_export(at::ScalarType dtype) {
  const DtypeRow* row = find_row([&](const DtypeRow& r) { return r.type == dtype; });
  return row != nullptr ? std::optional(row->exported) : std::nullopt;
}

std::optional<at::ScalarType> dtype_from_protocol(std::string_view name) {
  const DtypeRow* row =
      find_row([&](const DtypeRow& r) { return !name.empty() && name == r.protocol; });
  return row != nullptr ? std::optional(row->type) : std::nullopt;
}

std::optional<std::string_view> dtype_to_protocol(at::ScalarType dtype) {
  const DtypeRow* row = find_row([&](const DtypeRow& r) { return r.type == dtype; });
  const bool known = row != nullptr && *row->protocol != 0;
  return known ? std::optional<std::string_view>(row->protocol) : std::nullopt;
}

std::optional<at::ScalarType> dtype_from_safetensors(std::string_view name) {
  const DtypeRow* row =
      find_row([&](const DtypeRow& r) { return !name.empty() && name == r.safetensors; });
  return row != nullptr ? std::optional(row->type) : std::nullopt;
}

std::optional<std::string> dtype_to_safetensors(at::ScalarType dtype) {
  const DtypeRow* row = find_row([&](const DtypeRow& r) { return r.type == dtype; });
  const bool known = row != nullptr && *row->safetensors != 0;
  return known ? std::optional<std::string>(row->safetensors) : std::nullopt;
}

std::optional<uint64_t> dense_bytes(at::ScalarType dtype, at::IntArrayRef sizes) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(dtype));
  bool empty = false;
  for (const int64_t size : sizes) {
    if (size < 0) return std::nullopt;
    empty = empty || size == 0;
    // The other sizes still make strides, which must fit, too.
    if (__builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes)) return std::nullopt;
  }
  return empty ? 0 : static_cast<uint64_t>(bytes);
}

}  // namespace maas
