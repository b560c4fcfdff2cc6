// Protocol Buffers on the wire: keys, numbers, lengths (protobuf.dev/programming-guides/encoding)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace maas {

// Walks the fields of one message: `while (reader.next()) switch (reader.field()) ...`. Views into
// the bytes that it was given, which must outlive it. Every length is checked against the bytes
// that are there before anything is allocated. Throws Error{kInput} naming `where` for a truncated
// field, a length beyond the message, a number of more than 64 bits, a group, field number 0, or a
// field that is read as another kind than it has.
class WireReader {
 public:
  WireReader(std::string_view bytes, std::string where);

  bool next();  // false at the end
  int field() const { return field_; }

  int64_t integer() const;         // varint
  int32_t small() const;           // varint that an int32 holds
  float real() const;              // fixed32
  std::string_view bytes() const;  // string, bytes or message
  std::string text() const;        // UTF-8, at most 64 KiB
  // Repeated numbers, packed or not: appended.
  void add_integers(std::vector<int64_t>& to) const;
  void add_reals(std::vector<float>& to) const;
  void add_doubles(std::vector<double>& to) const;

  const std::string& where() const { return where_; }

 private:
  enum class Kind : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  uint64_t varint();
  std::string_view take(uint64_t count);
  void expect(Kind kind) const;
  [[noreturn]] void refuse(const std::string& what, const std::string& expected) const;

  std::string_view rest_;
  std::string where_;
  int field_ = 0;
  Kind kind_ = Kind::kVarint;
  uint64_t number_ = 0;     // kVarint
  std::string_view bytes_;  // the others
};

// Appends the fields of one message.
class WireWriter {
 public:
  void integer(int field, int64_t value);
  void real(int field, float value);
  void bytes(int field, std::string_view value);                 // string, bytes or message
  void integers(int field, const std::vector<int64_t>& values);  // packed; nothing when empty
  void reals(int field, const std::vector<float>& values);
  // The key and length of a field whose `size` bytes are written by the caller.
  void open(int field, uint64_t size);

  const std::string& text() const { return text_; }

 private:
  void key(int field, int kind);
  void varint(uint64_t value);

  std::string text_;
};

}  // namespace maas
