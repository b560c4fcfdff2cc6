// malloc_trim() gives back free blocks, but not the end of the arena of a thread, where what a
// large request took often is. A block taken there is ours, and so are its pages to drop.
#include "http/give_back_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace maas {
namespace {

// glibc's arenas of threads consist of pieces of 64 MiB: whatever is free at the end of one is
// shorter. Where it is shorter than this, a new piece is begun and the end of the old one becomes a
// free block like others.
constexpr uintptr_t kBlockBytes = uintptr_t{60} << 20;
constexpr size_t kMostBlocks = 8;

// Whether there were any.
bool drop_pages(void* block) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  // The first page holds the allocator's mark.
  const auto begin = (reinterpret_cast<uintptr_t>(block) / page + 1) * page;
  const auto end = (reinterpret_cast<uintptr_t>(block) + kBlockBytes) / page * page;
  void* const first = reinterpret_cast<void*>(begin);
  std::vector<unsigned char> is_resident((end - begin) / page);
  if (::mincore(first, end - begin, is_resident.data()) != 0) return true;
  ::madvise(first, end - begin, MADV_DONTNEED);
  return std::any_of(is_resident.begin(), is_resident.end(), [](unsigned char c) { return c & 1; });
}

}  // namespace

void give_back_memory() {
  ::malloc_trim(0);  // from here on free blocks have no pages; the end of the arena may have
  std::vector<void*> blocks;
  blocks.reserve(kMostBlocks);
  while (blocks.size() < kMostBlocks) {
    void* block = std::malloc(kBlockBytes);
    if (block == nullptr) break;
    blocks.push_back(block);
    if (drop_pages(block)) break;
  }
  for (void* block : blocks) std::free(block);
  ::malloc_trim(0);
}

}  // namespace maas
