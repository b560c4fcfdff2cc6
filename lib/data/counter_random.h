// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every platform, from a seed alone.
#pragma once

#include <cstdint>

namespace maas {

// The finaliser of SplitMix64; a bijection on 64 bits.
inline uint64_t mix64(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class CounterRandom {
 public:
  // Streams of one seed are unrelated.
  CounterRandom(uint64_t seed, uint64_t stream) : state_(mix64(seed + kStep) ^ mix64(~stream)) {}

  uint64_t next() { return mix64(state_ += kStep); }

  // Uniform in [0, bound), without bias (Lemire 2019). bound >= 1.
  uint64_t below(uint64_t bound) {
    while (true) {
      const auto product = static_cast<unsigned __int128>(next()) * bound;
      if (static_cast<uint64_t>(product) >= -bound % bound) {
        return static_cast<uint64_t>(product >> 64);
      }
    }
  }

  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }  // [0, 1)
  double between(double low, double high) { return low + (high - low) * uniform(); }

  // Nearly normal, mean 0, variance 1, within +-3.5: the sum of four uniforms from one draw.
  float roughly_normal() {
    const uint64_t bits = next();
    const uint64_t sum =
        (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    return (static_cast<float>(sum) * (1.0F / 65535) - 2.0F) * 1.7320508F;
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15ULL;
  uint64_t state_;
};

}  // namespace maas
