#include "tensor/random.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>

namespace maas {
namespace {

uint64_t finalise(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t mix_seed(uint64_t seed, std::string_view purpose, uint64_t a, uint64_t b) {
  uint64_t mixed = finalise(seed);
  for (const char c : purpose) mixed = finalise(mixed ^ static_cast<unsigned char>(c));
  mixed = finalise(mixed ^ a);
  return finalise(mixed ^ b);
}

at::Generator make_generator(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

void seed_default_generator(uint64_t seed) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(seed);
}

at::Tensor uniform_tensor(at::IntArrayRef sizes, double bound, uint64_t seed) {
  return at::empty(sizes).uniform_(-bound, bound, make_generator(seed));
}

at::Tensor normal_tensor(at::IntArrayRef sizes, double std_dev, uint64_t seed) {
  return at::empty(sizes).normal_(0, std_dev, make_generator(seed));
}

}  // namespace maas
