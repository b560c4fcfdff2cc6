#include "call/allocation_limit.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <limits>

namespace maas {
namespace {

constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();
thread_local size_t most_bytes = kNoLimit;

// libtorch's own allocator behind a check. What it hands out is the inner allocator's, deleter
// and all.
class CheckedAllocator : public c10::Allocator {
 public:
  explicit CheckedAllocator(c10::Allocator* inner) : inner_(inner) {}

  c10::DataPtr allocate(size_t bytes) override {
    TORCH_CHECK(bytes <= most_bytes, "a tensor here needs ", bytes, " bytes; at most ", most_bytes,
                " are given to it");
    return inner_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }
  bool is_simple_data_ptr(const c10::DataPtr& data) const override {
    return inner_->is_simple_data_ptr(data);
  }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

 private:
  c10::Allocator* inner_;
};

void install() {
  static CheckedAllocator allocator(c10::GetCPUAllocator());
  // The highest priority: a later set with a lower one is ignored.
  static const bool installed = (c10::SetCPUAllocator(&allocator, 255), true);
  (void)installed;
}

}  // namespace

AllocationLimit::AllocationLimit(int64_t bytes) {
  install();
  most_bytes = static_cast<size_t>(bytes);
}

AllocationLimit::~AllocationLimit() { most_bytes = kNoLimit; }

}  // namespace maas
