#include "serve/grpc/message_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/throw_error.h"
#include "serve/samples/read_samples.h"

namespace maas {
namespace {

constexpr uint64_t kMostMembers = 256;  // of lists and parameters, as in serve/request_json.h
constexpr uint64_t kMostSizes = 4096;   // of a shape; whoever reads it takes fewer, and says so
constexpr uint64_t kMostUnknown = 256;  // those of a later version of the protocol
constexpr uint64_t kGrowth = 2;         // a list that grows is held twice
constexpr uint64_t kTextBytes = 96;     // a string, what points to it, its block's head, its view

[[noreturn]] void refuse(const std::string& what, const std::string& expected) {
  throw_input("the message", what, expected);
}
[[noreturn]] void refuse_broken() {
  refuse("is no ModelInferRequest", "one, packed by Protocol Buffers");
}

// The bytes of a message that lies in pieces, from its begin to its end.
class PiecewiseBytes {
 public:
  explicit PiecewiseBytes(std::span<const std::string_view> pieces) : pieces_(pieces) {
    for (const std::string_view piece : pieces) size_ += piece.size();
  }

  uint64_t size() const { return size_; }
  uint64_t place() const { return place_; }

  // At most as many as are left.
  void skip(uint64_t count) {
    run(count, [](std::string_view) {});
  }

  // How many numbers end in the next `count` bytes, which are passed.
  uint64_t count_numbers(uint64_t count) {
    uint64_t ends = 0;
    run(count, [&](std::string_view bytes) {
      ends += static_cast<uint64_t>(
          std::count_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0x80) == 0; }));
    });
    return ends;
  }

  uint64_t number() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take());
      if (shift == 63 && byte > 1) break;
      number |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return number;
    }
    refuse_broken();
  }

 private:
  char take() {
    if (place_ == size_) refuse_broken();
    char c = 0;
    run(1, [&](std::string_view bytes) { c = bytes[0]; });
    return c;
  }

  template <class Use>
  void run(uint64_t count, const Use& use) {
    while (count > 0) {
      const std::string_view rest = pieces_[piece_].substr(at_);
      const std::string_view bytes = rest.substr(0, count);
      if (!bytes.empty()) use(bytes);
      count -= bytes.size();
      place_ += bytes.size();
      at_ += bytes.size();
      if (at_ == pieces_[piece_].size()) ++piece_, at_ = 0;
    }
  }

  const std::span<const std::string_view> pieces_;
  uint64_t size_ = 0, place_ = 0;
  size_t piece_ = 0, at_ = 0;
};

enum class Kind : uint8_t { kNumber = 0, kEight = 1, kBytes = 2, kFour = 5 };

struct Field {
  uint64_t number = 0;
  Kind kind = Kind::kNumber;
  uint64_t end = 0;  // where the next begins

  bool is(uint64_t its_number, Kind its_kind) const {
    return number == its_number && kind == its_kind;
  }
};

class Cost {
 public:
  explicit Cost(std::span<const std::string_view> pieces) : bytes_(pieces) {}

  size_t of_request() {
    uint64_t parameters = 0, inputs = 0, outputs = 0, raw = 0;
    each_field(bytes_.size(), [&](const Field& field) {
      if (field.kind != Kind::kBytes) return false;
      switch (field.number) {
        case 1:  // model_name
        case 2:  // model_version
        case 3:  // id
          return true;
        case 4:
          return add_parameter(field, parameters);
        case 5:
          return add(inputs, "inputs"), add_input(field);
        case 6:
          return add(outputs, "outputs"), add_output(field);
        case 7:
          return add(raw, "raw_input_contents"), true;
        default:
          return false;
      }
    });
    return cost_;
  }

 private:
  // `known`: whether the message has such a field; may read up to its end. Others are kept, too.
  template <class Known>
  void each_field(uint64_t end, const Known& known) {
    while (bytes_.place() < end) {
      const Field field = next(end);
      if (!known(field)) {
        add_text();
        if (++unknown_ > kMostUnknown) {
          refuse("has too many fields that ModelInferRequest does not have",
                 fmt::format("at most {}", kMostUnknown));
        }
      }
      bytes_.skip(field.end - bytes_.place());
    }
  }

  // Before its bytes; of a number, behind them.
  Field next(uint64_t end) {
    const uint64_t key = bytes_.number();
    Field field{key >> 3, static_cast<Kind>(key & 7), 0};
    if (field.number == 0 || key > UINT32_MAX) refuse_broken();
    uint64_t size = 0;
    switch (field.kind) {
      case Kind::kNumber:
        bytes_.number();
        break;
      case Kind::kEight:
        size = 8;
        break;
      case Kind::kFour:
        size = 4;
        break;
      case Kind::kBytes:
        size = bytes_.number();
        break;
      default:
        refuse_broken();
    }
    if (bytes_.place() > end || size > end - bytes_.place()) refuse_broken();
    field.end = bytes_.place() + size;
    return field;
  }

  static void add(uint64_t& count, const char* list) {
    if (++count <= kMostMembers) return;
    throw_input(list, "is too long", fmt::format("at most {} entries", kMostMembers));
  }
  void add_text() { cost_ += kTextBytes; }
  void add_numbers(uint64_t count, uint64_t width) { cost_ += kGrowth * count * width; }

  // An entry of a map: 1 its name, 2 an InferParameter.
  bool add_parameter(const Field& entry, uint64_t& count) {
    if (++count > kMostMembers) {
      throw_input("parameters", "has too many members", fmt::format("at most {}", kMostMembers));
    }
    each_field(entry.end, [&](const Field& field) {
      if (!field.is(2, Kind::kBytes)) return field.is(1, Kind::kBytes);
      each_field(field.end, [](const Field& choice) {
        return choice.number == 3   ? choice.kind == Kind::kBytes
               : choice.number == 4 ? choice.kind == Kind::kEight
                                    : choice.number <= 5 && choice.kind == Kind::kNumber;
      });
      return true;
    });
    return true;
  }

  bool add_input(const Field& input) {
    uint64_t sizes = 0, parameters = 0;
    each_field(input.end, [&](const Field& field) {
      if (field.number == 3) return add_sizes(field, sizes);
      if (field.kind != Kind::kBytes) return false;
      if (field.number == 4) return add_parameter(field, parameters);
      if (field.number == 5) return add_contents(field);
      return field.number <= 2;  // name, datatype
    });
    return true;
  }

  bool add_output(const Field& output) {
    uint64_t parameters = 0;
    each_field(output.end, [&](const Field& field) {
      if (field.is(2, Kind::kBytes)) return add_parameter(field, parameters);
      return field.is(1, Kind::kBytes);  // name
    });
    return true;
  }

  bool add_sizes(const Field& field, uint64_t& sizes) {
    if (field.kind != Kind::kNumber && field.kind != Kind::kBytes) return false;
    sizes += field.kind == Kind::kNumber ? 1 : bytes_.count_numbers(field.end - bytes_.place());
    if (sizes <= kMostSizes) return true;
    throw_input("shape", "is too long", fmt::format("at most {} entries", kMostSizes));
  }

  bool add_contents(const Field& contents) {
    each_field(contents.end, [&](const Field& field) {
      constexpr uint64_t kWidths[] = {0, 1, 4, 8, 4, 8, 4, 8};
      if (field.is(8, Kind::kBytes)) return add_bytes();
      if (field.number > 7) return false;
      const uint64_t width = kWidths[field.number];
      const Kind alone = field.number == 6   ? Kind::kFour
                         : field.number == 7 ? Kind::kEight
                                             : Kind::kNumber;
      if (field.kind != alone && field.kind != Kind::kBytes) return false;
      const uint64_t size = field.end - bytes_.place();
      add_numbers(field.kind == alone      ? 1
                  : alone == Kind::kNumber ? bytes_.count_numbers(size)
                                           : size / width,
                  width);
      return true;
    });
    return true;
  }

  // A value of bytes_contents.
  bool add_bytes() {
    add_text();
    if (++texts_ <= static_cast<uint64_t>(kMostCells)) return true;
    throw_input("bytes_contents", "has too many values",
                fmt::format("at most {} in a request", kMostCells));
  }

  PiecewiseBytes bytes_;
  uint64_t cost_ = 0, unknown_ = 0, texts_ = 0;
};

}  // namespace

size_t infer_message_cost(std::span<const std::string_view> pieces) {
  return Cost(pieces).of_request();
}

}  // namespace maas
