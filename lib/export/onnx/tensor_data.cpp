#include "export/onnx/tensor_data.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstring>

#include "base/throw_error.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFix = "the file is damaged; use another copy";

int64_t number_in(const OnnxTensor& tensor, const std::string& key, const std::string& where) {
  const auto found = tensor.external.find(key);
  if (found == tensor.external.end()) return 0;
  const std::string& text = found->second;
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    throw_input(where, fmt::format("external {} '{}'", key, text), "a number of bytes", kFix);
  }
  return number;
}

// Numbers of float_data and the like; half and bfloat16 are bit patterns in int32_data.
template <class From, class To>
void convert(const std::vector<From>& from, at::Tensor& to) {
  To* data = static_cast<To*>(to.mutable_data_ptr());
  for (size_t i = 0; i < from.size(); ++i) data[i] = static_cast<To>(from[i]);
}

void copy_integers(const std::vector<int64_t>& from, at::Tensor& to) {
  switch (c10::elementSize(to.scalar_type())) {
    case 1:
      return convert<int64_t, uint8_t>(from, to);
    case 2:
      return convert<int64_t, uint16_t>(from, to);
    case 4:
      return convert<int64_t, uint32_t>(from, to);
    default:
      return convert<int64_t, int64_t>(from, to);
  }
}

// A boolean is 0 or 1: what a file says otherwise would be undefined behaviour.
void normalise_booleans(at::Tensor& tensor) {
  if (tensor.scalar_type() != at::kBool) return;
  auto* bytes = static_cast<uint8_t*>(tensor.mutable_data_ptr());
  for (int64_t i = 0; i < tensor.numel(); ++i) bytes[i] = bytes[i] != 0 ? 1 : 0;
}

size_t listed(const OnnxTensor& tensor, at::ScalarType dtype) {
  if (dtype == at::kFloat) return tensor.floats.size();
  if (dtype == at::kDouble) return tensor.doubles.size();
  return tensor.integers.size();
}

}  // namespace

OnnxTensorData::OnnxTensorData(fs::path model) : model_(std::move(model)) {}

const MappedFile& OnnxTensorData::open(const std::string& location,
                                       const std::string& where) const {
  const auto known = files_.find(location);
  if (known != files_.end()) return *known->second;
  const fs::path inside(location);
  const auto refuse = [&](const char* why) {
    throw_input(where, fmt::format("external data in '{}', {}", location, why),
                "a file in the folder of the model", "use a model whose data lies beside it");
  };
  if (location.empty() || location.find('\0') != std::string::npos) refuse("which is no file name");
  if (inside.is_absolute()) refuse("an absolute path");
  fs::path path = model_.parent_path();
  for (const fs::path& part : inside) {
    if (part == "..") refuse("which leaves the folder");
    path /= part;
    std::error_code ignored;
    if (fs::is_symlink(fs::symlink_status(path, ignored))) refuse("a link");
  }
  auto file = std::make_unique<MappedFile>(path);
  return *files_.emplace(location, std::move(file)).first->second;
}

std::string_view OnnxTensorData::external_bytes(const OnnxTensor& tensor, uint64_t wanted,
                                                const std::string& where) const {
  const auto location = tensor.external.find("location");
  if (location == tensor.external.end()) {
    throw_input(where, "external data without a location", "a file name", kFix);
  }
  const auto offset = static_cast<uint64_t>(number_in(tensor, "offset", where));
  const auto length = static_cast<uint64_t>(number_in(tensor, "length", where));
  const bool has_length = tensor.external.count("length") != 0;
  const std::string_view bytes = open(location->second, where).bytes();
  if (offset > bytes.size() || wanted > bytes.size() - offset || (has_length && length != wanted)) {
    throw_input(where,
                fmt::format("{} bytes at {} of the {} in '{}'", has_length ? length : wanted,
                            offset, bytes.size(), location->second),
                fmt::format("{} bytes inside the file", wanted), kFix);
  }
  return bytes.substr(offset, wanted);
}

at::Tensor OnnxTensorData::read(const OnnxTensor& tensor, int64_t limit) const {
  const std::string where = fmt::format("{}: tensor '{}'", model_.string(), tensor.name);
  const auto dtype = dtype_from_onnx(tensor.type);
  if (!dtype) {
    throw_input(where, fmt::format("elements of type {}", tensor.type),
                "floats, integers or booleans of 8 to 64 bits");
  }
  const auto wanted = dense_bytes(*dtype, tensor.dims);
  if (!wanted) {
    throw_input(where, fmt::format("sizes [{}]", fmt::join(tensor.dims, ", ")),
                "sizes of at least 0 whose product fits 63 bits", kFix);
  }
  std::string_view bytes;
  const size_t count = *wanted / c10::elementSize(*dtype);
  const bool is_listed = !tensor.is_external && !tensor.raw;
  if (tensor.is_external) {
    bytes = external_bytes(tensor, *wanted, where);
  } else if (tensor.raw) {
    bytes = *tensor.raw;
  }
  if (is_listed ? listed(tensor, *dtype) != count : bytes.size() != *wanted) {
    throw_input(where,
                is_listed ? fmt::format("{} numbers for shape [{}]", listed(tensor, *dtype),
                                        fmt::join(tensor.dims, ", "))
                          : fmt::format("{} bytes for shape [{}]", bytes.size(),
                                        fmt::join(tensor.dims, ", ")),
                is_listed ? std::to_string(count) : std::to_string(*wanted), kFix);
  }
  if (*wanted > static_cast<uint64_t>(limit)) {
    throw Error(ErrorKind::kResources, {.where = where,
                                        .what = fmt::format("takes {} bytes", *wanted),
                                        .expected = fmt::format("at most {}", limit),
                                        .fix = "use a machine with more memory"});
  }
  at::Tensor values = at::empty(tensor.dims, at::TensorOptions().dtype(*dtype));
  if (!is_listed) {
    if (!bytes.empty()) std::memcpy(values.mutable_data_ptr(), bytes.data(), bytes.size());
  } else if (*dtype == at::kFloat) {
    convert<float, float>(tensor.floats, values);
  } else if (*dtype == at::kDouble) {
    convert<double, double>(tensor.doubles, values);
  } else {
    copy_integers(tensor.integers, values);
  }
  normalise_booleans(values);
  return values;
}

}  // namespace maas
