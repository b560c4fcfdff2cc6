#include "sample/packed_column.h"

#include <algorithm>
#include <bit>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace maas {
namespace {

constexpr uint64_t kMostDigits = 99'999'999'999'999'999;  // 17 of them
constexpr uint64_t kMostDecimals = 19;

// How a number lies in a word.
template <typename Word, int kDigitBits, int kDecimalBits>
struct Form {
  static constexpr Word kMinus = Word{1} << (kDigitBits + kDecimalBits);
  static constexpr Word kOdd = kMinus;  // "-0" is no plain number
  static constexpr Word kMostDigitsHere = (Word{1} << kDigitBits) - 1;
  static constexpr Word kMostDecimalsHere = (Word{1} << kDecimalBits) - 1;

  static Word digits(Word word) { return word & kMostDigitsHere; }
  static uint32_t decimals(Word word) {
    return static_cast<uint32_t>((word >> kDigitBits) & kMostDecimalsHere);
  }
  static bool is_minus(Word word) { return (word & kMinus) != 0; }
  static Word of(bool minus, uint64_t decimals, uint64_t digits) {
    return (minus ? kMinus : 0) | static_cast<Word>(decimals << kDigitBits) |
           static_cast<Word>(digits);
  }
};
using Small = Form<uint32_t, 27, 4>;
using Large = Form<uint64_t, 58, 5>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Large::kOdd of a cell that is no plain number. Most are short: their digits fit whatever they
// are.
uint64_t pack(std::string_view cell) {
  constexpr size_t kSafeSize = 17;  // bytes, the point among them
  const bool minus = cell.starts_with('-');
  if (minus) cell.remove_prefix(1);
  if (cell.empty() || cell.size() > kMostDecimals + 2 || !is_digit(cell[0])) return Large::kOdd;
  if (cell[0] == '0' && cell.size() > 1 && cell[1] != '.') return Large::kOdd;
  const bool is_long = cell.size() > kSafeSize;
  uint64_t digits = 0;
  size_t point = cell.size() - 1;
  for (size_t i = 0; i < cell.size(); ++i) {
    const auto digit = static_cast<unsigned>(cell[i]) - '0';
    if (digit > 9) {
      const bool is_first_point = cell[i] == '.' && point == cell.size() - 1;
      if (!is_first_point || i == point) return Large::kOdd;  // a point needs decimals
      point = i;
      continue;
    }
    if (is_long && digits > kMostDigits / 10) return Large::kOdd;
    digits = digits * 10 + digit;
  }
  const uint64_t decimals = cell.size() - 1 - point;
  if (decimals > kMostDecimals || (minus && digits == 0)) return Large::kOdd;
  return Large::of(minus, decimals, digits);
}

bool fits_small(uint64_t word) {
  return word == Large::kOdd || (Large::digits(word) <= Small::kMostDigitsHere &&
                                 Large::decimals(word) <= Small::kMostDecimalsHere);
}

uint32_t to_small(uint64_t word) {
  if (word == Large::kOdd) return Small::kOdd;
  return Small::of(Large::is_minus(word), Large::decimals(word), Large::digits(word));
}

uint64_t to_large(uint32_t word) {
  if (word == Small::kOdd) return Large::kOdd;
  return Large::of(Small::is_minus(word), Small::decimals(word), Small::digits(word));
}

Cell text_of(uint64_t word) {
  std::array<char, Cell::kMostOwn> text{};
  char* end = text.data() + text.size();
  char* at = end;
  uint64_t digits = Large::digits(word);
  const uint32_t decimals = Large::decimals(word);
  for (uint32_t i = 0; i < decimals; ++i, digits /= 10)
    *--at = static_cast<char>('0' + digits % 10);
  if (decimals > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + digits % 10);
    digits /= 10;
  } while (digits > 0);
  if (Large::is_minus(word)) *--at = '-';
  std::copy(at, end, text.data());
  return {text, static_cast<size_t>(end - at)};
}

constexpr std::array<double, kMostDecimals + 1> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                           1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                           1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

// Digits of more than 53 bits over a power of ten, rounded once. The quotient in 64 bits is
// rounded, too, so that where it lies halfway between two doubles the text decides.
double rounded_quotient(uint64_t word) {
  if constexpr (std::numeric_limits<long double>::digits == 64) {
    const long double quotient =
        static_cast<long double>(Large::digits(word)) / kPowers[Large::decimals(word)];
    int exponent = 0;
    const long double fraction = std::frexp(quotient, &exponent);
    const auto bits = static_cast<uint64_t>(std::ldexp(fraction, 64));
    const uint64_t below = bits & 0x7ff;
    if (below < 0x3ff || below > 0x401) return static_cast<double>(quotient);
  }
  const Cell cell = text_of(word & ~Large::kMinus);
  const std::string_view text = cell;
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The division of two numbers that double holds exactly is rounded once, as from_chars() rounds
// (Clinger 1990, "How to read floating point numbers accurately").
double number_of(uint64_t word) {
  constexpr uint64_t kExact = uint64_t{1} << 53;
  const uint64_t digits = Large::digits(word);
  const double number = digits <= kExact
                            ? static_cast<double>(digits) / kPowers[Large::decimals(word)]
                            : rounded_quotient(word);
  return Large::is_minus(word) ? -number : number;
}

double number_of(uint32_t word) {
  const double number = static_cast<double>(Small::digits(word)) / kPowers[Small::decimals(word)];
  return Small::is_minus(word) ? -number : number;
}

}  // namespace

PackedColumn::PackedColumn(std::span<const std::string_view> cells, bool keep_text)
    : rows_(static_cast<int64_t>(cells.size())) {
  MAAS_CHECK(cells.size() < UINT32_MAX);
  size_t odd = keep_text ? cells.size() : 0;
  bool all_small = true;
  std::vector<uint64_t> words;
  words.reserve(keep_text ? 0 : cells.size());
  for (size_t row = 0; row < cells.size() && 4 * odd <= cells.size(); ++row) {
    words.push_back(pack(cells[row]));
    const uint64_t word = words.back();
    odd += word == Large::kOdd ? 1 : 0;
    all_small = all_small && fits_small(word);
    has_points_ = has_points_ || (word != Large::kOdd && Large::decimals(word) > 0);
  }
  if (4 * odd > cells.size()) {
    ends_.reserve(cells.size());
    size_t size = 0;
    for (const std::string_view cell : cells) size += cell.size();
    bytes_.reserve(size);
    for (const std::string_view cell : cells) keep(cell);
    return;
  }
  for (size_t row = 0; odd > 0 && row < words.size(); ++row) {
    if (words[row] != Large::kOdd) continue;
    odd_.push_back(static_cast<uint32_t>(row));
    keep(cells[row]);
  }
  if (all_small) {
    small_.resize(words.size());
    std::transform(words.begin(), words.end(), small_.begin(), to_small);
  } else {
    large_ = std::move(words);
  }
}

void PackedColumn::keep(std::string_view cell) {
  bytes_.append(cell);
  MAAS_CHECK(bytes_.size() < UINT32_MAX);
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
}

std::string_view PackedColumn::text(int64_t place) const {
  const size_t start = place == 0 ? 0 : ends_[static_cast<size_t>(place) - 1];
  return std::string_view(bytes_).substr(start, ends_[static_cast<size_t>(place)] - start);
}

Cell PackedColumn::at(int64_t row) const {
  if (is_text()) return text(row);
  const auto i = static_cast<size_t>(row);
  const uint64_t word = small_.empty() ? large_[i] : to_large(small_[i]);
  if (word != Large::kOdd) return text_of(word);
  const auto odd = std::lower_bound(odd_.begin(), odd_.end(), static_cast<uint32_t>(row));
  return text(odd - odd_.begin());
}

int64_t PackedColumn::next_odd(int64_t row, bool points) const {
  if (is_text() || (points && has_points_)) return row;
  const auto odd = std::lower_bound(odd_.begin(), odd_.end(), static_cast<uint32_t>(row));
  return odd == odd_.end() ? rows_ : static_cast<int64_t>(*odd);
}

void PackedColumn::numbers(int64_t first, std::span<double> to) const {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto at = static_cast<size_t>(first);
  for (size_t i = 0; i < to.size(); ++i) {
    if (!small_.empty()) {
      to[i] = small_[at + i] == Small::kOdd ? kNone : number_of(small_[at + i]);
    } else if (!large_.empty()) {
      to[i] = large_[at + i] == Large::kOdd ? kNone : number_of(large_[at + i]);
    } else {
      to[i] = kNone;
    }
  }
}

}  // namespace maas
