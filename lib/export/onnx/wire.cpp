#include "export/onnx/wire.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "base/throw_error.h"
#include "base/utf8.h"

namespace maas {
namespace {

constexpr size_t kLongestText = 1 << 16;
constexpr uint64_t kLargestField = (uint64_t{1} << 29) - 1;

}  // namespace

WireReader::WireReader(std::string_view bytes, std::string where)
    : rest_(bytes), where_(std::move(where)) {}

void WireReader::refuse(const std::string& what, const std::string& expected) const {
  throw_input(where_, what, expected, "the file is damaged or no ONNX; use another copy");
}

uint64_t WireReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (rest_.empty()) refuse("ends inside a number", "a complete file");
    const auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    if (shift == 63 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  refuse("a number of more than 64 bits", "at most ten bytes a number");
}

std::string_view WireReader::take(uint64_t count) {
  if (count > rest_.size()) {
    refuse(fmt::format("field {} says {} bytes", field_, count),
           fmt::format("at most the {} that are left", rest_.size()));
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

bool WireReader::next() {
  if (rest_.empty()) return false;
  const uint64_t key = varint();
  if (key >> 3 == 0 || key >> 3 > kLargestField) {
    refuse(fmt::format("field number {}", key >> 3), fmt::format("1 to {}", kLargestField));
  }
  field_ = static_cast<int>(key >> 3);
  kind_ = static_cast<Kind>(key & 7);
  switch (kind_) {
    case Kind::kVarint:
      number_ = varint();
      return true;
    case Kind::kFixed64:
      bytes_ = take(8);
      return true;
    case Kind::kBytes:
      bytes_ = take(varint());
      return true;
    case Kind::kFixed32:
      bytes_ = take(4);
      return true;
  }
  refuse(fmt::format("field {} of wire type {}", field_, key & 7), "0, 1, 2 or 5");
}

void WireReader::expect(Kind kind) const {
  if (kind_ == kind) return;
  refuse(fmt::format("field {} has wire type {}", field_, static_cast<int>(kind_)),
         std::to_string(static_cast<int>(kind)));
}

int64_t WireReader::integer() const {
  expect(Kind::kVarint);
  return static_cast<int64_t>(number_);
}

int32_t WireReader::small() const {
  const int64_t value = integer();
  if (value < std::numeric_limits<int32_t>::min() || value > std::numeric_limits<int32_t>::max()) {
    refuse(fmt::format("field {} is {}", field_, value), "a number of 32 bits");
  }
  return static_cast<int32_t>(value);
}

float WireReader::real() const {
  expect(Kind::kFixed32);
  float value = 0;
  std::memcpy(&value, bytes_.data(), sizeof(value));
  return value;
}

std::string_view WireReader::bytes() const {
  expect(Kind::kBytes);
  return bytes_;
}

std::string WireReader::text() const {
  const std::string_view value = bytes();
  if (value.size() > kLongestText || utf8_fault_offset(value) != value.size()) {
    refuse(fmt::format("field {} holds {} bytes that are no text", field_, value.size()),
           fmt::format("UTF-8, at most {} bytes", kLongestText));
  }
  return std::string(value);
}

void WireReader::add_integers(std::vector<int64_t>& to) const {
  if (kind_ == Kind::kVarint) {
    to.push_back(integer());
    return;
  }
  WireReader packed(bytes(), where_);
  while (!packed.rest_.empty()) to.push_back(static_cast<int64_t>(packed.varint()));
}

namespace {

template <class T>
void add_fixed(std::string_view bytes, std::vector<T>& to) {
  const size_t before = to.size();
  to.resize(before + bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(to.data() + before, bytes.data(), bytes.size());
}

}  // namespace

void WireReader::add_reals(std::vector<float>& to) const {
  if (kind_ != Kind::kFixed32) expect(Kind::kBytes);
  if (bytes_.size() % sizeof(float) != 0) refuse("packed floats end early", "4 bytes each");
  add_fixed(bytes_, to);
}

void WireReader::add_doubles(std::vector<double>& to) const {
  if (kind_ != Kind::kFixed64) expect(Kind::kBytes);
  if (bytes_.size() % sizeof(double) != 0) refuse("packed doubles end early", "8 bytes each");
  add_fixed(bytes_, to);
}

void WireWriter::varint(uint64_t value) {
  while (value >= 0x80) {
    text_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  text_.push_back(static_cast<char>(value));
}

void WireWriter::key(int field, int kind) {
  varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(kind));
}

void WireWriter::integer(int field, int64_t value) {
  key(field, 0);
  varint(static_cast<uint64_t>(value));
}

void WireWriter::real(int field, float value) {
  key(field, 5);
  text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void WireWriter::open(int field, uint64_t size) {
  key(field, 2);
  varint(size);
}

void WireWriter::bytes(int field, std::string_view value) {
  open(field, value.size());
  text_.append(value);
}

void WireWriter::integers(int field, const std::vector<int64_t>& values) {
  if (values.empty()) return;
  WireWriter packed;
  for (const int64_t value : values) packed.varint(static_cast<uint64_t>(value));
  bytes(field, packed.text());
}

void WireWriter::reals(int field, const std::vector<float>& values) {
  if (values.empty()) return;
  bytes(field, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

}  // namespace maas
