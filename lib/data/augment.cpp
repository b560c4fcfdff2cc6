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

struct Form {
  int64_t channels;
  Plane plane;
  int64_t size() const { return channels * plane.size(); }
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

void move_image(const uint8_t* in, const Form& form, const Movement& move, uint8_t* out) {
  for (int64_t c = 0; c < form.channels; ++c) {
    move_plane(in + c * form.plane.size(), form.plane, move, out + c * form.plane.size());
  }
}

// Where an output pixel comes from: the neighbour above and to the left, and how far beyond it.
struct Origin {
  int64_t x, y;
  float u, v;
};

// floor() without the library call that plain x86-64 needs for it.
int64_t floor_of(float value) {
  const auto whole = static_cast<int64_t>(value);
  return whole - (value < static_cast<float>(whole) ? 1 : 0);
}

Origin origin_at(float x, float y) {
  const int64_t x0 = floor_of(x), y0 = floor_of(y);
  return {x0, y0, x - static_cast<float>(x0), y - static_cast<float>(y0)};
}

float blend(float a, float b, float c, float d, const Origin& from) {
  const float top = a + from.u * (b - a);
  const float bottom = c + from.u * (d - c);
  return top + from.v * (bottom - top);
}

// Bilinear between the four neighbours, all inside.
float sample_inside(const uint8_t* in, const Plane& plane, const Origin& from) {
  const uint8_t* p = in + from.y * plane.width + from.x;
  return blend(p[0], p[1], p[plane.width], p[plane.width + 1], from);
}

// The same where some lie outside, which counts as zero.
float sample_at_edge(const uint8_t* in, const Plane& plane, const Origin& from) {
  const auto at = [&](int64_t x, int64_t y) {
    const bool inside = x >= 0 && y >= 0 && x < plane.width && y < plane.height;
    return inside ? static_cast<float>(in[y * plane.width + x]) : 0.0F;
  };
  return blend(at(from.x, from.y), at(from.x + 1, from.y), at(from.x, from.y + 1),
               at(from.x + 1, from.y + 1), from);
}

// Rotates about the centre, then moves: each output pixel looks up where it came from, once for all
// channels.
void turn_image(const uint8_t* in, const Form& form, const Movement& move, uint8_t* out) {
  const Plane& plane = form.plane;
  const auto cosine = static_cast<float>(std::cos(move.radians));
  const auto sine = static_cast<float>(std::sin(move.radians));
  const float centre_x = static_cast<float>(plane.width - 1) / 2;
  const float centre_y = static_cast<float>(plane.height - 1) / 2;
  const float side = move.mirrored ? -1.0F : 1.0F;
  for (int64_t y = 0; y < plane.height; ++y) {
    const float rel_y = static_cast<float>(y - move.dy) - centre_y;
    for (int64_t x = 0; x < plane.width; ++x, ++out) {
      const float rel_x = static_cast<float>(x - move.dx) - centre_x;
      const Origin from = origin_at(side * (cosine * rel_x + sine * rel_y) + centre_x,
                                    cosine * rel_y - sine * rel_x + centre_y);
      const bool inside =
          from.x >= 0 && from.y >= 0 && from.x + 1 < plane.width && from.y + 1 < plane.height;
      for (int64_t c = 0; c < form.channels; ++c) {
        const uint8_t* channel = in + c * plane.size();
        const float value =
            inside ? sample_inside(channel, plane, from) : sample_at_edge(channel, plane, from);
        out[c * plane.size()] = static_cast<uint8_t>(value + 0.5F);
      }
    }
  }
}

void cut_out(uint8_t* image, const Form& form, const Square& hole) {
  const Plane& plane = form.plane;
  for (int64_t c = 0; c < form.channels; ++c, image += plane.size()) {
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

void add_noise(uint8_t* pixels, int64_t count, double std_dev, CounterRandom& random) {
  const auto scale = static_cast<float>(std_dev * 255);
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
  const Form form{images.size(1), {images.size(2), images.size(3)}};
  at::Tensor result = at::empty_like(images);
  const uint8_t* in = images.const_data_ptr<uint8_t>();
  uint8_t* out = result.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i < images.size(0); ++i, in += form.size(), out += form.size()) {
    CounterRandom random(seed, static_cast<uint64_t>(i));
    const Movement move = draw_movement(changes, random);
    (move.radians == 0 ? move_image : turn_image)(in, form, move, out);
    for (const AugmentConfig& change : changes) {
      if (or_zero(change.cutout) < 1) continue;
      cut_out(out, form, draw_square(*change.cutout, form.plane, random));
    }
    for (const AugmentConfig& change : changes) {
      if (or_zero(change.noise) > 0) add_noise(out, form.size(), *change.noise, random);
    }
  }
  return result;
}

uint64_t hash_seed(uint64_t run_seed, uint64_t epoch, uint64_t step) {
  return CounterRandom(CounterRandom(run_seed, epoch).next(), step).next();
}

}  // namespace maas
