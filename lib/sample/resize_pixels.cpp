#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")  // in front of all includes: the loops below are to become vectors
#endif

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "sample/image_codec.h"

namespace maas {
namespace {

// Weights of the input pixels that make up one output pixel.
struct Tap {
  int64_t first = 0;
  std::vector<float> weights;  // add up to 1
};

std::vector<Tap> triangle_taps(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(1.0, scale);  // wider when shrinking: that is the antialiasing
  std::vector<Tap> taps(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    Tap& tap = taps[i];
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    tap.first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(centre - reach + 0.5)));
    const auto last = std::min(from, static_cast<int64_t>(std::floor(centre + reach + 0.5)));
    double total = 0;
    for (int64_t p = tap.first; p < last; ++p) {
      const double far = std::abs((static_cast<double>(p) + 0.5 - centre) / reach);
      tap.weights.push_back(static_cast<float>(std::max(0.0, 1 - far)));
      total += tap.weights.back();
    }
    for (float& weight : tap.weights) weight = static_cast<float>(weight / total);
  }
  return taps;
}

// out = the rows of `in` that the tap weighs, added up.
void add_rows(const uint8_t* in, int64_t width, const Tap& tap, float* out) {
  std::fill(out, out + width, 0.0F);
  const uint8_t* source = in + tap.first * width;
  for (const float weight : tap.weights) {
    for (int64_t x = 0; x < width; ++x) out[x] += weight * source[x];
    source += width;
  }
}

// Eight rows at a time, so that sums over columns are vectors of rows: the order in which a pixel's
// products are added, and so its bits, is that of a plain loop.
using FourRows = float __attribute__((vector_size(16)));
constexpr int64_t kRows = 8;

// lines: [kRows, width] -> mixed: [width, kRows].
void mix_rows(const float* lines, int64_t width, float* mixed) {
  for (int64_t r = 0; r < kRows; r += 4) {
    const float* line = lines + r * width;
    for (int64_t x = 0; x < width; ++x) {
      for (int64_t i = 0; i < 4; ++i) mixed[x * kRows + r + i] = line[i * width + x];
    }
  }
}

// One column of kRows output rows.
void add_columns(const float* mixed, const Tap& tap, uint8_t* out) {
  FourRows low = {0.5F, 0.5F, 0.5F, 0.5F}, high = low;
  const float* from = mixed + tap.first * kRows;
  for (const float weight : tap.weights) {
    FourRows some, others;
    std::memcpy(&some, from, sizeof some);
    std::memcpy(&others, from + 4, sizeof others);
    low += weight * some;
    high += weight * others;
    from += kRows;
  }
  for (int64_t i = 0; i < 4; ++i) {
    out[i] = static_cast<uint8_t>(std::clamp(low[i], 0.0F, 255.0F));
    out[i + 4] = static_cast<uint8_t>(std::clamp(high[i], 0.0F, 255.0F));
  }
}

void resize_plane(const uint8_t* in, int64_t in_width, const std::vector<Tap>& rows,
                  const std::vector<Tap>& columns, uint8_t* out) {
  std::vector<float> lines(static_cast<size_t>(in_width * kRows)), mixed(lines.size());
  const auto height = static_cast<int64_t>(rows.size()),
             width = static_cast<int64_t>(columns.size());
  std::array<uint8_t, kRows> column{};
  for (int64_t top = 0; top < height; top += kRows) {
    const int64_t count = std::min(kRows, height - top);
    for (int64_t r = 0; r < count; ++r) {
      add_rows(in, in_width, rows[top + r], lines.data() + r * in_width);
    }
    mix_rows(lines.data(), in_width, mixed.data());
    for (int64_t x = 0; x < width; ++x) {
      add_columns(mixed.data(), columns[x], column.data());
      for (int64_t r = 0; r < count; ++r) out[(top + r) * width + x] = column[r];
    }
  }
}

}  // namespace

at::Tensor resize_pixels(const at::Tensor& pixels, int64_t height, int64_t width) {
  MAAS_CHECK(pixels.dim() == 3 && pixels.is_contiguous() && height > 0 && width > 0);
  const std::vector<Tap> rows = triangle_taps(pixels.size(1), height);
  const std::vector<Tap> columns = triangle_taps(pixels.size(2), width);
  at::Tensor out = at::empty({pixels.size(0), height, width}, at::kByte);
  const int64_t plane = pixels.size(1) * pixels.size(2);
  for (int64_t c = 0; c < pixels.size(0); ++c) {
    resize_plane(pixels.const_data_ptr<uint8_t>() + c * plane, pixels.size(2), rows, columns,
                 out.mutable_data_ptr<uint8_t>() + c * height * width);
  }
  return out;
}

}  // namespace maas
