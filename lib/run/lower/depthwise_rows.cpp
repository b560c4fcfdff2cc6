#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/depthwise_rows.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "run/lower/activation_loops.h"
#include "run/lower/vector_loops.h"
#include "run/lower/vector_sums.h"

namespace maas {
namespace {

constexpr int64_t kMostPlaces = 4;  // of a group
constexpr int64_t kEnough = 2048;   // sums that are finished at once

struct Range {
  int64_t begin = 0, end = 0;
};

// The taps that lie within `size` when the first is at `start`.
Range taps_inside(int64_t start, int64_t dilation, int64_t taps, int64_t size) {
  const int64_t begin = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  const int64_t end = start >= size ? 0 : (size - 1 - start) / dilation + 1;
  return {std::min(begin, taps), std::clamp<int64_t>(end, 0, taps)};
}

// Some places of the result, side by side in a row.
struct Group {
  int64_t x = 0;       // where the first tap of the first place lies in rows.x, or would lie
  Range down, across;  // taps that are inside, of every place
  Limits limits;       // of the sums
};

template <class Vectors, int places, int vector_count>
MAAS_INLINE inline void sum_channels(const DepthwiseRows& rows, const Group& group, int64_t channel,
                                     float* sums) {
  using Floats = typename Vectors::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  const WindowSizes& window = rows.window;
  const int64_t next = window.stride[1] * rows.channels;
  Floats sum[places][vector_count];  // NOLINT: std::array keeps it out of the registers
  begin_sums<Vectors>(sum, rows.bias == nullptr ? nullptr : rows.bias + channel);
  for (int64_t a = group.down.begin; a < group.down.end; ++a) {
    for (int64_t b = group.across.begin; b < group.across.end; ++b) {
      const float* weight = rows.weight + (a * window.kernel[1] + b) * rows.channels + channel;
      const int64_t step = a * window.dilation[0] * rows.width + b * window.dilation[1];
      const float* from = rows.x + group.x + step * rows.channels + channel;
#pragma GCC unroll 8
      for (int v = 0; v < vector_count; ++v) {
        Floats w;
        std::memcpy(&w, weight + v * kLanes, sizeof(w));
#pragma GCC unroll 8
        for (int i = 0; i < places; ++i) {
          Floats x;
          std::memcpy(&x, from + i * next + v * kLanes, sizeof(x));
          sum[i][v] += x * w;
        }
      }
    }
  }
  end_sums<Vectors>(sum, group.limits, sums + channel, rows.channels);
}

// The same for a kernel of 3 x 3 at stride 1, all of whose taps are inside: a number that several
// places read is loaded once.
template <class Vectors, int places, int vector_count>
MAAS_INLINE inline void sum_3_by_3(const DepthwiseRows& rows, const Group& group, int64_t channel,
                                   float* sums) {
  using Floats = typename Vectors::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  const int64_t next = rows.channels;
  Floats sum[places][vector_count];  // NOLINT
  begin_sums<Vectors>(sum, rows.bias == nullptr ? nullptr : rows.bias + channel);
  for (int64_t a = 0; a < 3; ++a) {
    const float* weight = rows.weight + 3 * a * next + channel;
    const float* from = rows.x + group.x + a * rows.width * next + channel;
#pragma GCC unroll 8
    for (int v = 0; v < vector_count; ++v) {
      Floats x[places + 2], w[3];  // NOLINT
#pragma GCC unroll 8
      for (int i = 0; i < places + 2; ++i) {
        std::memcpy(&x[i], from + i * next + v * kLanes, sizeof(Floats));
      }
#pragma GCC unroll 8
      for (int b = 0; b < 3; ++b) {
        std::memcpy(&w[b], weight + b * next + v * kLanes, sizeof(Floats));
      }
#pragma GCC unroll 8
      for (int b = 0; b < 3; ++b) {
#pragma GCC unroll 8
        for (int i = 0; i < places; ++i) sum[i][v] += x[i + b] * w[b];
      }
    }
  }
  end_sums<Vectors>(sum, group.limits, sums + channel, next);
}

template <class Vectors, int places>
MAAS_INLINE inline void convolve(const DepthwiseRows& rows, const Group& group, float* sums) {
  constexpr int64_t kLanes = sizeof(typename Vectors::Floats) / sizeof(float);
  const WindowSizes& window = rows.window;
  int64_t channel = 0;
  if (places == kMostPlaces && kLanes == 16 && window.kernel[0] == 3 && window.kernel[1] == 3 &&
      window.stride[1] == 1 && window.dilation[0] == 1 && window.dilation[1] == 1 &&
      group.down.begin == 0 && group.down.end == 3) {
    for (; channel + kLanes <= rows.channels; channel += kLanes) {
      sum_3_by_3<Vectors, places, 1>(rows, group, channel, sums);
    }
  }
  for (; channel + 2 * kLanes <= rows.channels; channel += 2 * kLanes) {
    sum_channels<Vectors, places, 2>(rows, group, channel, sums);
  }
  for (; channel + kLanes <= rows.channels; channel += kLanes) {
    sum_channels<Vectors, places, 1>(rows, group, channel, sums);
  }
  // What is left, with channels before it that are summed once more.
  if (channel < rows.channels) {
    sum_channels<Vectors, places, 1>(rows, group, rows.channels - kLanes, sums);
  }
}

// A function of its own: inlined beside the sums, gcc makes vectors of some of its loops only.
__attribute__((noinline)) void finish(const DepthwiseRows& rows, int64_t at, float* sums,
                                      int64_t count) {
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    if (rows.other != nullptr) {
      const float* other = rows.other + at;
      for (int64_t i = 0; i < count; ++i) sums[i] += other[i];
    }
    activate(rows.activation, sums, rows.out + at, count);
  });
}

// Places of a row whose taps are all inside.
Range whole_places(const DepthwiseRows& rows) {
  const WindowSizes& window = rows.window;
  const int64_t stride = window.stride[1], padding = window.padding[1];
  const int64_t room = rows.width - 1 - window.dilation[1] * (window.kernel[1] - 1) + padding;
  const int64_t begin = (padding + stride - 1) / stride;
  return {begin, std::max(begin, room < 0 ? 0 : std::min(room / stride + 1, rows.out_width))};
}

template <class Vectors>
MAAS_INLINE inline void one_row(const DepthwiseRows& rows, int64_t row, Range whole, float* sums) {
  const WindowSizes& window = rows.window;
  const int64_t top = row % rows.out_height * window.stride[0] - window.padding[0];
  const int64_t line = (row / rows.out_height * rows.height + top) * rows.width;
  const Range down = taps_inside(top, window.dilation[0], window.kernel[0], rows.height);
  const auto limits = limits_of(rows.activation);
  const bool in_place = limits && rows.other == nullptr;  // nothing is left to do then
  int64_t count = 1, finished = 0;
  for (int64_t place = 0; place < rows.out_width; place += count) {
    const int64_t left = place * window.stride[1] - window.padding[1];
    const bool is_whole = place >= whole.begin && place < whole.end;
    const Group group{(line + left) * rows.channels, down,
                      is_whole
                          ? Range{0, window.kernel[1]}
                          : taps_inside(left, window.dilation[1], window.kernel[1], rows.width),
                      in_place ? *limits : Limits{}};
    float* to = in_place ? rows.out + (row * rows.out_width + place) * rows.channels
                         : sums + (place - finished) * rows.channels;
    count = is_whole ? std::min(whole.end - place, kMostPlaces) : 1;
    if (count == kMostPlaces) {
      convolve<Vectors, kMostPlaces>(rows, group, to);
    } else if (count > 1) {
      count = 2;
      convolve<Vectors, 2>(rows, group, to);
    } else {
      convolve<Vectors, 1>(rows, group, to);
    }
    if (in_place) continue;
    const int64_t made = (place + count - finished) * rows.channels;
    if (made < kEnough && place + count < rows.out_width) continue;
    finish(rows, (row * rows.out_width + finished) * rows.channels, sums, made);
    finished = place + count;
  }
}

}  // namespace

void run_depthwise_rows(const DepthwiseRows& rows, int64_t begin, int64_t end) {
  std::vector<float> sums(static_cast<size_t>(kEnough + kMostPlaces * rows.channels));
  const Range whole = whole_places(rows);
  run_with_widest_vectors([&](auto vectors) MAAS_INLINE {
    for (int64_t row = begin; row < end; ++row) {
      one_row<decltype(vectors)>(rows, row, whole, sums.data());
    }
  });
}

}  // namespace maas
