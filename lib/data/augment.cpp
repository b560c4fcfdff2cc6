#include "data/augment.h"

#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/error.h"
#include "data/counter_random.h"

namespace maas {
namespace {

struct Plane {
  int64_t height, width;
  int64_t size() const { return height * width; }
};

// What happens to one image.
struct Movement {
  double radians = 0;
  int64_t dx = 0, dy = 0;  // the picture moves right and down by so many pixels
  bool mirrored = false;
};

struct Square {
  int64_t top, left, bottom, right;
};

double or_zero(const std::optional<double>& value) { return value.value_or(0); }

// Uniform among -limit..limit.
int64_t whole_offset(double limit, CounterRandom& random) {
  const auto most = static_cast<int64_t>(limit);
  return most <= 0 ? 0
                   : static_cast<int64_t>(random.below(static_cast<uint64_t>(2 * most + 1))) - most;
}

Movement draw_movement(const std::vector<AugmentConfig>& changes, CounterRandom& random) {
  Movement move;
  for (const AugmentConfig& change : changes) {
    if (or_zero(change.flip) > 0) move.mirrored ^= random.uniform() < *change.flip;
    if (or_zero(change.rotate) > 0) {
      move.radians += random.between(-*change.rotate, *change.rotate) * std::numbers::pi / 180;
    }
    // A random crop out of the zero-padded image is a random movement.
    for (const double limit : {or_zero(change.shift), or_zero(change.crop)}) {
      move.dx += whole_offset(limit, random);
      move.dy += whole_offset(limit, random);
    }
  }
  return move;
}

// Moves whole pixels; zero where the picture came from outside.
void move_plane(const uint8_t* in, const Plane& plane, const Movement& move, uint8_t* out) {
  const int64_t first = std::clamp<int64_t>(move.dx, 0, plane.width);
  const int64_t last = std::clamp<int64_t>(plane.width + move.dx, 0, plane.width);
  for (int64_t y = 0; y < plane.height; ++y, out += plane.width) {
    const int64_t from = y - move.dy;
    if (from < 0 || from >= plane.height || first >= last) {
      std::memset(out, 0, static_cast<size_t>(plane.width));
      continue;
    }
    std::memset(out, 0, static_cast<size_t>(first));
    std::memset(out + last, 0, static_cast<size_t>(plane.width - last));
    const uint8_t* row = in + from * plane.width;
    if (move.mirrored) {
      for (int64_t x = first; x < last; ++x) out[x] = row[plane.width - 1 - (x - move.dx)];
    } else {
      std::memcpy(out + first, row + (first - move.dx), static_cast<size_t>(last - first));
    }
  }
}

// Bilinear between the four neighbours, which may lie outside (zero).
inline float sample(const uint8_t* in, const Plane& plane, float x, float y) {
  const float floor_x = std::floor(x), floor_y = std::floor(y);
  const auto x0 = static_cast<int64_t>(floor_x), y0 = static_cast<int64_t>(floor_y);
  const float u = x - floor_x, v = y - floor_y;
  if (x0 >= 0 && y0 >= 0 && x0 + 1 < plane.width && y0 + 1 < plane.height) {
    const uint8_t* p = in + y0 * plane.width + x0;
    const float top = p[0] + u * (p[1] - p[0]);
    const float bottom = p[plane.width] + u * (p[plane.width + 1] - p[plane.width]);
    return top + v * (bottom - top);
  }
  const auto at = [&](int64_t px, int64_t py) {
    const bool inside = px >= 0 && py >= 0 && px < plane.width && py < plane.height;
    return inside ? static_cast<float>(in[py * plane.width + px]) : 0.0F;
  };
  const float top = at(x0, y0) + u * (at(x0 + 1, y0) - at(x0, y0));
  const float bottom = at(x0, y0 + 1) + u * (at(x0 + 1, y0 + 1) - at(x0, y0 + 1));
  return top + v * (bottom - top);
}

// Rotates about the centre, then moves: each output pixel looks up where it came from.
void turn_plane(const uint8_t* in, const Plane& plane, const Movement& move, uint8_t* out) {
  const auto cosine = static_cast<float>(std::cos(move.radians));
  const auto sine = static_cast<float>(std::sin(move.radians));
  const float centre_x = static_cast<float>(plane.width - 1) / 2;
  const float centre_y = static_cast<float>(plane.height - 1) / 2;
  const float side = move.mirrored ? -1.0F : 1.0F;
  for (int64_t y = 0; y < plane.height; ++y) {
    const float rel_y = static_cast<float>(y - move.dy) - centre_y;
    for (int64_t x = 0; x < plane.width; ++x) {
      const float rel_x = static_cast<float>(x - move.dx) - centre_x;
      const float from_x = side * (cosine * rel_x + sine * rel_y) + centre_x;
      const float from_y = cosine * rel_y - sine * rel_x + centre_y;
      *out++ = static_cast<uint8_t>(sample(in, plane, from_x, from_y) + 0.5F);
    }
  }
}

void cut_out(uint8_t* image, int64_t channels, const Plane& plane, const Square& hole) {
  for (int64_t c = 0; c < channels; ++c, image += plane.size()) {
    for (int64_t y = hole.top; y < hole.bottom; ++y) {
      std::memset(image + y * plane.width + hole.left, 0,
                  static_cast<size_t>(hole.right - hole.left));
    }
  }
}

// Around a random centre within the image; the part outside is cut off, as in the paper.
Square draw_square(double side_pixels, const Plane& plane, CounterRandom& random) {
  const auto side = static_cast<int64_t>(side_pixels);
  const auto top =
      static_cast<int64_t>(random.below(static_cast<uint64_t>(plane.height))) - side / 2;
  const auto left =
      static_cast<int64_t>(random.below(static_cast<uint64_t>(plane.width))) - side / 2;
  return {std::clamp<int64_t>(top, 0, plane.height), std::clamp<int64_t>(left, 0, plane.width),
          std::clamp<int64_t>(top + side, 0, plane.height),
          std::clamp<int64_t>(left + side, 0, plane.width)};
}

void add_noise(uint8_t* pixels, int64_t count, double deviation, CounterRandom& random) {
  const auto scale = static_cast<float>(deviation * 255);
  for (int64_t i = 0; i < count; ++i) {
    const float value = static_cast<float>(pixels[i]) + scale * random.roughly_normal();
    pixels[i] = static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F) + 0.5F);
  }
}

bool changes_anything(const std::vector<AugmentConfig>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const AugmentConfig& change) {
    for (const auto& value :
         {change.shift, change.rotate, change.flip, change.crop, change.cutout, change.noise}) {
      if (or_zero(value) > 0) return true;
    }
    return false;
  });
}

}  // namespace

at::Tensor augment(const at::Tensor& images, const std::vector<AugmentConfig>& changes,
                   uint64_t seed) {
  MAAS_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte && images.is_contiguous());
  if (!changes_anything(changes) || images.numel() == 0) return images;
  const int64_t channels = images.size(1);
  const Plane plane{images.size(2), images.size(3)};
  at::Tensor result = at::empty_like(images);
  const uint8_t* in = images.const_data_ptr<uint8_t>();
  uint8_t* out = result.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < images.size(0); ++i) {
    CounterRandom random(seed, static_cast<uint64_t>(i));
    const Movement move = draw_movement(changes, random);
    uint8_t* image = out;
    for (int64_t c = 0; c < channels; ++c, in += plane.size(), out += plane.size()) {
      (move.radians == 0 ? move_plane : turn_plane)(in, plane, move, out);
    }
    for (const AugmentConfig& change : changes) {
      if (or_zero(change.cutout) < 1) continue;
      cut_out(image, channels, plane, draw_square(*change.cutout, plane, random));
    }
    for (const AugmentConfig& change : changes) {
      if (or_zero(change.noise) <= 0) continue;
      add_noise(image, channels * plane.size(), *change.noise, random);
    }
  }
  return result;
}

uint64_t hash_seed(uint64_t run_seed, uint64_t epoch, uint64_t step) {
  return CounterRandom(CounterRandom(run_seed, epoch).next(), step).next();
}

}  // namespace maas
