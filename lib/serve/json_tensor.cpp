#include "serve/json_tensor.h"

#include <ATen/Dispatch_v2.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "base/throw_error.h"
#include "serve/session.h"

namespace maas {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& what,
                         const std::string& expected) {
  throw_input("input '" + name + "'", what, expected);
}

// One pass over the values, in row-major order.
template <class T>
class Filler {
 public:
  Filler(T* out, const std::vector<int64_t>& shape, const std::string& name)
      : out_(out), shape_(shape), name_(name) {}

  void fill(simdjson::dom::array data, int64_t count) {
    count_ = count;
    const bool nested =
        shape_.size() > 1 && data.begin() != data.end() && (*data.begin()).is_array();
    nested ? fill_nested(data, 0) : fill_flat(data, count, 0);
  }

  void fill_one(simdjson::dom::element element) { put(element); }

 private:
  void fill_flat(simdjson::dom::array data, int64_t count, size_t dim) {
    int64_t seen = 0;
    for (const simdjson::dom::element element : data) {
      if (seen++ < count) put(element);
    }
    if (seen != count) wrong_length(seen, count, dim);
  }

  void fill_nested(simdjson::dom::array data, size_t dim) {
    if (dim + 1 == shape_.size()) return fill_flat(data, shape_[dim], dim);
    int64_t seen = 0;
    for (const simdjson::dom::element element : data) {
      if (seen++ >= shape_[dim]) break;
      simdjson::dom::array inner;
      if (element.get(inner) != simdjson::SUCCESS) {
        refuse(name_, fmt::format("data mixes nested and flat values at value {}", index_),
               fmt::format("arrays nested as shape [{}] says, or one flat array",
                           fmt::join(shape_, ", ")));
      }
      fill_nested(inner, dim + 1);
    }
    if (seen != shape_[dim]) wrong_length(seen, shape_[dim], dim);
  }

  [[noreturn]] void wrong_length(int64_t seen, int64_t wanted, size_t dim) const {
    refuse(name_,
           fmt::format("data has {} values{}", seen,
                       dim > 0 ? fmt::format(" in dimension {}", dim) : std::string()),
           fmt::format("{}, as shape [{}] says", wanted, fmt::join(shape_, ", ")));
  }

  void put(simdjson::dom::element element) {
    if (!store(element, out_[index_])) {
      refuse(name_, fmt::format("value {} is {}", index_, shortened(element)), expected());
    }
    ++index_;
  }

  static std::string shortened(simdjson::dom::element element) {
    if (element.is_array()) return "an array";
    if (element.is_object()) return "an object";
    std::string text = simdjson::minify(element);
    return text.size() > 40 ? text.substr(0, 40) + "..." : text;
  }

  static std::string expected() {
    if constexpr (std::is_same_v<T, bool>) return "true, false, 1 or 0";
    const std::string type(oip_datatype(c10::CppTypeToScalarType<T>::value));
    if constexpr (std::is_integral_v<T>) {
      return fmt::format("a whole number of {}, {} to {}", type, std::numeric_limits<T>::min(),
                         std::numeric_limits<T>::max());
    }
    return "a number in the range of " + type;
  }

  // 1.0 is a whole number too, and what some clients make of 1; beyond 2^53 a double tells none
  // from the next.
  template <class N>
  static bool whole_number(simdjson::dom::element element, N& into) {
    if (element.get(into) == simdjson::SUCCESS) return true;
    double number = 0;
    if (!element.is_double() || element.get(number) != simdjson::SUCCESS) return false;
    if (number != std::floor(number) || std::abs(number) > 9007199254740992.0) return false;
    if (std::is_unsigned_v<N> && number < 0) return false;
    into = static_cast<N>(number);
    return true;
  }

  static bool store(simdjson::dom::element element, T& into) {
    if constexpr (std::is_same_v<T, bool>) {
      if (element.get(into) == simdjson::SUCCESS) return true;
      int64_t number = 0;  // numpy's tolist() of a uint8 mask
      into = element.get(number) == simdjson::SUCCESS && number == 1;
      return into || (element.is_int64() && number == 0);
    } else if constexpr (std::is_unsigned_v<T>) {
      uint64_t number = 0;
      if (!whole_number(element, number)) return false;
      into = static_cast<T>(number);
      return number <= std::numeric_limits<T>::max();
    } else if constexpr (std::is_integral_v<T>) {
      int64_t number = 0;
      if (!whole_number(element, number)) return false;
      into = static_cast<T>(number);
      return number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max();
    } else {
      double number = 0;
      if (element.get(number) != simdjson::SUCCESS) return false;
      into = static_cast<T>(number);
      return std::isfinite(static_cast<double>(into));
    }
  }

  T* out_;
  const std::vector<int64_t>& shape_;
  const std::string& name_;
  int64_t count_ = 0, index_ = 0;
};

// No more memory than the values that are there can need: a shape alone costs its sender nothing.
int64_t leaf_bound(simdjson::dom::element data, size_t depth) {
  simdjson::dom::array array;
  if (depth > kMaxTensorRank || data.get(array) != simdjson::SUCCESS) return 1;
  int64_t leaves = 0;
  for (const simdjson::dom::element element : array) {
    leaves += element.is_array() ? leaf_bound(element, depth + 1) : 1;
  }
  return leaves;
}

template <class T>
void write_value(JsonWriter& json, T value) {
  if constexpr (std::is_same_v<T, double> || std::is_same_v<T, bool>) {
    json.value(value);
  } else if constexpr (std::is_unsigned_v<T>) {
    json.value(static_cast<uint64_t>(value));
  } else if constexpr (std::is_integral_v<T>) {
    json.value(static_cast<int64_t>(value));
  } else {
    json.value(static_cast<float>(value));
  }
}

}  // namespace

int64_t checked_element_count(const std::vector<int64_t>& shape, const std::string& name) {
  if (shape.size() > kMaxTensorRank) {
    refuse(name, fmt::format("its shape has {} dimensions", shape.size()), "at most 8");
  }
  int64_t count = 1;
  for (const int64_t size : shape) {
    if (size < 1) {
      refuse(name, fmt::format("shape [{}] holds {}", fmt::join(shape, ", "), size),
             "sizes of at least 1");
    }
    if (__builtin_mul_overflow(count, size, &count) || count > kMaxTensorElements) {
      refuse(name, fmt::format("shape [{}] is too large", fmt::join(shape, ", ")),
             "at most 2^31 elements");
    }
  }
  return count;
}

at::Tensor tensor_from_json(simdjson::dom::element data, at::ScalarType dtype,
                            const std::vector<int64_t>& shape, const std::string& name) {
  simdjson::dom::array array;
  if (data.get(array) != simdjson::SUCCESS) refuse(name, "data is not an array", "an array");
  const int64_t count = checked_element_count(shape, name);
  if (const int64_t present = leaf_bound(data, 0); present != count) {
    refuse(name, fmt::format("data has {} values", present),
           fmt::format("{}, as shape [{}] says", count, fmt::join(shape, ", ")));
  }
  at::Tensor tensor = at::empty(shape, dtype);
  AT_DISPATCH_V2(
      dtype, "tensor_from_json", AT_WRAP([&] {
        Filler<scalar_t>(tensor.mutable_data_ptr<scalar_t>(), shape, name).fill(array, count);
      }),
      AT_EXPAND(AT_ALL_TYPES), AT_EXPAND(AT_BAREBONES_UNSIGNED_TYPES), at::kBool, at::kHalf,
      at::kBFloat16);
  return tensor;
}

std::optional<at::Tensor> tensor_from_numbers(const std::vector<double>& numbers,
                                              at::ScalarType dtype,
                                              const std::vector<int64_t>& shape) {
  constexpr double kMostExact = 9007199254740992.0;  // 2^53
  size_t count = 1;
  for (const int64_t size : shape) count *= static_cast<size_t>(size);
  if (count != numbers.size() || dtype == at::kBool) return std::nullopt;
  at::Tensor tensor = at::empty(shape, dtype);
  bool fits = true;
  AT_DISPATCH_V2(
      dtype, "tensor_from_numbers", AT_WRAP([&] {
        scalar_t* out = tensor.mutable_data_ptr<scalar_t>();
        for (size_t i = 0; i < count; ++i) {
          const double number = numbers[i];
          if constexpr (std::is_integral_v<scalar_t>) {
            const bool whole = number == std::floor(number) && std::abs(number) <= kMostExact;
            const bool held = number >= static_cast<double>(std::numeric_limits<scalar_t>::min()) &&
                              number <= static_cast<double>(std::numeric_limits<scalar_t>::max());
            fits = fits && whole && held;
            out[i] = whole && held ? static_cast<scalar_t>(number) : scalar_t(0);
          } else {
            out[i] = static_cast<scalar_t>(number);
            fits = fits && std::isfinite(static_cast<double>(out[i]));
          }
        }
      }),
      AT_EXPAND(AT_ALL_TYPES), AT_EXPAND(AT_BAREBONES_UNSIGNED_TYPES), at::kHalf, at::kBFloat16);
  return fits ? std::optional(tensor) : std::nullopt;
}

at::Tensor tensor_from_json_rows(const std::vector<simdjson::dom::element>& rows,
                                 at::ScalarType dtype, const std::vector<int64_t>& shape,
                                 const std::string& name) {
  const int64_t count = checked_element_count(shape, name);
  const std::vector<int64_t> row_shape(shape.begin() + 1, shape.end());
  const int64_t row_count = count / shape[0];
  const auto name_of = [&](size_t row) { return fmt::format("{}[{}]", name, row); };
  for (size_t i = 0; i < rows.size(); ++i) {
    if (const int64_t present = leaf_bound(rows[i], 0);
        present != row_count || rows[i].is_array() == row_shape.empty()) {
      refuse(name_of(i), fmt::format("has {} values", present),
             fmt::format("{}, as shape [{}] says", row_count, fmt::join(row_shape, ", ")));
    }
  }
  at::Tensor tensor = at::empty(shape, dtype);
  const auto fill = [&]<class T>(T* out) {
    for (size_t i = 0; i < rows.size(); ++i, out += row_count) {
      const std::string row_name = name_of(i);
      Filler<T> filler(out, row_shape, row_name);
      simdjson::dom::array array;
      rows[i].get(array) == simdjson::SUCCESS ? filler.fill(array, row_count)
                                              : filler.fill_one(rows[i]);
    }
  };
  AT_DISPATCH_V2(dtype, "tensor_from_json_rows",
                 AT_WRAP([&] { fill(tensor.mutable_data_ptr<scalar_t>()); }),
                 AT_EXPAND(AT_ALL_TYPES), AT_EXPAND(AT_BAREBONES_UNSIGNED_TYPES), at::kBool,
                 at::kHalf, at::kBFloat16);
  return tensor;
}

NonFinite count_non_finite(const at::Tensor& tensor) {
  NonFinite found;
  if (!tensor.is_floating_point()) return found;
  const at::Tensor values = tensor.contiguous();
  AT_DISPATCH_V2(values.scalar_type(), "count_non_finite", AT_WRAP([&] {
                   const scalar_t* data = values.const_data_ptr<scalar_t>();
                   for (int64_t i = 0; i < values.numel(); ++i) {
                     const auto value = static_cast<double>(data[i]);
                     found.nans += std::isnan(value) ? 1 : 0;
                     found.infinities += std::isinf(value) ? 1 : 0;
                   }
                 }),
                 AT_EXPAND(AT_FLOATING_TYPES), at::kHalf, at::kBFloat16);
  return found;
}

void write_values(JsonWriter& json, const at::Tensor& tensor) {
  const at::Tensor values = tensor.contiguous();
  json.begin_array();
  AT_DISPATCH_V2(values.scalar_type(), "write_values", AT_WRAP([&] {
                   const scalar_t* data = values.const_data_ptr<scalar_t>();
                   for (int64_t i = 0; i < values.numel(); ++i) write_value(json, data[i]);
                 }),
                 AT_EXPAND(AT_ALL_TYPES), AT_EXPAND(AT_BAREBONES_UNSIGNED_TYPES), at::kBool,
                 at::kHalf, at::kBFloat16);
  json.end_array();
}

}  // namespace maas
