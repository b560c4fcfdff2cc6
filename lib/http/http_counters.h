// What a listener counts.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace maas {

// Written by many threads at once, read at any time.
struct HttpCounters {
  std::array<std::atomic<uint64_t>, 600> answers{};  // by status
  std::atomic<uint64_t> bytes_in{0}, bytes_out{0};   // of bodies
  std::atomic<int64_t> connections{0};               // open now
  std::atomic<int64_t> buffered{0};                  // bytes of bodies and answers that are held
};

}  // namespace maas
