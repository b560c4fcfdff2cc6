// Random numbers from named streams: what is drawn depends on the seed and the purpose, not on what
// else was drawn before. That is what makes resuming exact.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace maas {

// Mixes parts into one 64-bit seed (splitmix64 finaliser; Steele et al. 2014).
uint64_t mix_seed(uint64_t seed, std::string_view purpose, uint64_t a = 0, uint64_t b = 0);

// A CPU generator (mt19937) with this seed.
at::Generator make_generator(uint64_t seed);

// Seeds the calling process's default CPU generator: dropout draws from it.
void seed_default_generator(uint64_t seed);

// float32 tensor, uniform in [-bound, bound).
at::Tensor uniform_tensor(at::IntArrayRef sizes, double bound, uint64_t seed);
at::Tensor normal_tensor(at::IntArrayRef sizes, double std_dev, uint64_t seed);

}  // namespace maas
