// Any bytes as a PT2 archive: a program that verifies or an Error, nothing else. The checksums of
// zip keep most changes from the graph; pt2_graph_fuzz.cpp goes behind them.
#include "base/error.h"
#include "call/verify.h"
#include "fuzz/memory_file.h"
#include "pt2/read.h"
#include "tensor/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const maas::MemoryFile file({reinterpret_cast<const char*>(data), size});
  try {
    const maas::ArchiveReader archive(file.path());
    archive.check_records();
    maas::verify(maas::read_pt2(archive), "fuzz");
  } catch (const maas::Error&) {
  }
  return 0;
}
