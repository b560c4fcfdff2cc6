#include "serve/lifted_numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "http/wire.h"

namespace maas {
namespace {

constexpr size_t kMostArrays = 256;
constexpr std::ptrdiff_t kWorthCounting = 64 << 10;  // below, moving numbers costs less
constexpr size_t kInputDepth = 3;                    // { "inputs": [ { "data": ...
constexpr int kExactDigits = 15;  // of a whole number that a double holds, whatever they are
constexpr int kMostWholeDigits = 18;
constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

constexpr std::array<uint64_t, 9> kWholePowers = {1,      10,      100,      1000,     10000,
                                                  100000, 1000000, 10000000, 100000000};
constexpr std::ptrdiff_t kShortBytes = 32;  // what read_short() may look at
constexpr uint64_t kExactEnd = 1'000'000'000'000'000;

constexpr uint64_t each_byte(uint64_t value) { return value * 0x0101010101010101; }

// The digits at the beginning of eight bytes, as one number: all bytes at once (Lemire 2021,
// "Number parsing at a gigabyte per second", section 5). The machine is little-endian.
struct DigitRun {
  uint64_t value;
  int count;  // 8: there may be more
};

DigitRun digit_run(const char* text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof(bytes));
  bytes ^= each_byte('0');
  const uint64_t others = ((bytes + each_byte(0x76)) | bytes) & each_byte(0x80);
  const int count = others == 0 ? 8 : std::countr_zero(others) / 8;
  if (count == 0) return {0, 0};
  bytes <<= 64 - 8 * count;  // zeros in front
  bytes = bytes * 10 + (bytes >> 8);
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  bytes = ((bytes & kPairs) * (100 + (uint64_t{1000000} << 32)) +
           ((bytes >> 16) & kPairs) * (1 + (uint64_t{10000} << 32))) >>
          32;
  return {bytes, count};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

class Lifter {
 public:
  explicit Lifter(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  std::optional<LiftedNumbers> lift() {
    kept_ = at_;
    while (at_ < end_) {
      const char c = *at_;
      if (c == '"') {
        if (!string()) return std::nullopt;
        if (is_data_ && !array()) return std::nullopt;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth_;
      if (c == '}' || c == ']') --depth_;
    }
    if (lifted_.arrays.empty()) return std::nullopt;
    lifted_.rest.append(kept_, static_cast<size_t>(at_ - kept_));
    lifted_.rest.reserve(lifted_.rest.size() + kBodyPadding);
    return std::move(lifted_);
  }

 private:
  // Up to and with its closing quote; whether it is the name "data" of an input.
  bool string() {
    const char* const begin = ++at_;
    while (at_ < end_ && *at_ != '"') {
      if (*at_ == '\\') return false;
      ++at_;
    }
    if (at_ == end_) return false;
    const std::string_view name(begin, static_cast<size_t>(at_ - begin));
    ++at_;
    is_data_ = false;
    if (depth_ != kInputDepth || name != "data") return true;
    skip_blanks();
    is_data_ = at_ < end_ && *at_ == ':';
    return true;
  }

  void skip_blanks() {
    while (at_ < end_ && is_blank(*at_)) ++at_;
  }

  // From the colon to the end of the array.
  bool array() {
    ++at_;
    skip_blanks();
    if (at_ == end_ || *at_ != '[' || lifted_.arrays.size() == kMostArrays) return false;
    lifted_.rest.append(kept_, static_cast<size_t>(at_ - kept_));
    lifted_.rest += std::to_string(lifted_.arrays.size());
    std::vector<double>& numbers = lifted_.arrays.emplace_back();
    if (end_ - at_ >= kWorthCounting) numbers.reserve(count_numbers());
    do {
      ++at_;
      skip_blanks();
      double value = 0;
      if (!read_short(value) && !number(value)) return false;
      numbers.push_back(value);
      skip_blanks();
    } while (at_ < end_ && *at_ == ',');
    if (at_ == end_ || *at_ != ']') return false;
    kept_ = ++at_;
    is_data_ = false;
    return true;
  }

  // If it is an array of numbers and nothing else: so that they are never moved.
  size_t count_numbers() const {
    const void* const close = std::memchr(at_, ']', static_cast<size_t>(end_ - at_));
    const char* const last = close == nullptr ? end_ : static_cast<const char*>(close);
    return 1 + static_cast<size_t>(std::count(at_, last, ','));
  }

  // Nearly all numbers: up to seven digits, a fraction of up to fifteen, all of them exact in a
  // double. False, and nothing is read, for every other.
  bool read_short(double& value) {
    if (end_ - at_ < kShortBytes) return false;
    const bool negative = *at_ == '-';
    const char* p = at_ + (negative ? 1 : 0);
    const DigitRun whole = digit_run(p);
    if (whole.count == 0 || whole.count == 8 || (*p == '0' && whole.count > 1)) return false;
    p += whole.count;
    uint64_t digits = whole.value;
    int places = 0;
    if (*p == '.') {
      const DigitRun first = digit_run(++p);
      if (first.count == 0) return false;
      digits = digits * kWholePowers[static_cast<size_t>(first.count)] + first.value;
      places = first.count;
      if (places == 8) {
        const DigitRun second = digit_run(p + places);
        if (whole.count + places + second.count > kMostWholeDigits) return false;
        digits = digits * kWholePowers[static_cast<size_t>(second.count)] + second.value;
        places += second.count;
      }
      p += places;
    }
    if (*p == 'e' || *p == 'E' || is_digit(*p) || digits >= kExactEnd) return false;
    const double exact = static_cast<double>(digits) / kPowersOfTen[static_cast<size_t>(places)];
    value = negative && (digits > 0 || places > 0) ? -exact : exact;
    at_ = p;
    return true;
  }

  bool number(double& value) {
    const char* const begin = at_;
    const bool negative = at_ < end_ && *at_ == '-';
    if (negative) ++at_;
    uint64_t digits = 0;
    int count = 0, exponent = 0;
    const char* const whole = at_;
    while (at_ < end_ && is_digit(*at_)) take_digit(digits, count);
    if (at_ == whole || (*whole == '0' && at_ - whole > 1)) return false;
    if (at_ < end_ && *at_ == '.') {
      const char* const fraction = ++at_;
      while (at_ < end_ && is_digit(*at_)) take_digit(digits, count);
      if (at_ == fraction) return false;
      exponent = -static_cast<int>(at_ - fraction);
    }
    const bool scaled = at_ < end_ && (*at_ == 'e' || *at_ == 'E');
    if (scaled && !skip_exponent()) return false;
    // Both are exact, and so their quotient is correctly rounded (Clinger 1990).
    if (!scaled && count <= kExactDigits && exponent >= -22) {
      const double exact =
          static_cast<double>(digits) / kPowersOfTen[static_cast<size_t>(-exponent)];
      // A whole "-0" is an integer, which has no sign.
      value = negative && (digits > 0 || exponent < 0) ? -exact : exact;
      return true;
    }
    // Whole numbers beyond 64 bits are none to the parser of whole texts.
    if (!scaled && exponent == 0 && count > kMostWholeDigits) return false;
    const auto [stop, error] = std::from_chars(begin, at_, value);
    return error == std::errc() && stop == at_;
  }

  // Zeros in front are no digits of the number.
  void take_digit(uint64_t& digits, int& count) {
    if (digits > 0 || *at_ != '0') ++count;
    digits = digits * 10 + static_cast<uint64_t>(*at_ - '0');
    ++at_;
  }

  bool skip_exponent() {
    ++at_;
    if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    const char* const power = at_;
    while (at_ < end_ && is_digit(*at_)) ++at_;
    return at_ > power;
  }

  const char *at_, *const end_;
  const char* kept_ = nullptr;  // where what is not yet in `rest` begins
  size_t depth_ = 0;
  bool is_data_ = false;
  LiftedNumbers lifted_;
};

}  // namespace

size_t lifting_bytes(std::string_view text) {
  constexpr size_t kForANumber = sizeof(double) + 8;
  return kForANumber * (1 + static_cast<size_t>(std::count(text.begin(), text.end(), ',')));
}

std::optional<LiftedNumbers> lift_numbers(std::string_view text) { return Lifter(text).lift(); }

}  // namespace maas
