// Any text as a model's manifest: one that survives being written and read again, or an Error.
#include <cstdlib>

#include "base/error.h"
#include "model/model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  maas::Manifest manifest;
  try {
    manifest = maas::manifest_from_json({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const maas::Error&) {
    return 0;
  }
  const std::string text = maas::manifest_to_json(manifest);
  const std::string again = maas::manifest_to_json(maas::manifest_from_json(text, "fuzz"));
  if (text != again) std::abort();
  return 0;
}
