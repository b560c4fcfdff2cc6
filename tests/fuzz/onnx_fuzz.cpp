// Any bytes as an ONNX file: a program that verifies or an Error, nothing else.
#include "base/error.h"
#include "call/verify.h"
#include "export/onnx/read.h"
#include "fuzz/memory_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const maas::MemoryFile file({reinterpret_cast<const char*>(data), size});
  try {
    maas::verify(maas::read_onnx(file.path()), "fuzz");
  } catch (const maas::Error&) {
  }
  return 0;
}
