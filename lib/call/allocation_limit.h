// A ceiling on single allocations, for calls whose sizes come from a file.
#pragma once

#include <cstdint>

namespace maas {

// While it lives, this thread gets no CPU tensor of more than `bytes`: libtorch throws c10::Error
// ("needs N bytes; at most M"). Without one alive, nothing is limited and the cost is one compare
// an allocation. Not to be nested. Thread-safe.
class AllocationLimit {
 public:
  explicit AllocationLimit(int64_t bytes);
  ~AllocationLimit();
  AllocationLimit(const AllocationLimit&) = delete;
  AllocationLimit& operator=(const AllocationLimit&) = delete;
};

}  // namespace maas
