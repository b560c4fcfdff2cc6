// Any bytes as a safetensors file: tensors or an Error, nothing else.
#include "base/error.h"
#include "fuzz/memory_file.h"
#include "tensor/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const maas::MemoryFile file({reinterpret_cast<const char*>(data), size});
  try {
    maas::read_safetensors(file.path());
  } catch (const maas::Error&) {
  }
  return 0;
}
