// Any bytes as a config, alone and as an override: a config or an Error, nothing else. What is
// taken is written and read again, and comes out the same.
#include <cstdlib>

#include "base/error.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "data/data_config.h"

namespace {

maas::ConfigSource source_of(const std::string& text) {
  return {.file = "", .text = text, .text_name = "fuzz"};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string written;
  try {
    auto config = maas::read_config<maas::DataConfig>(source_of(text));
    written = maas::write_config(config);
  } catch (const maas::Error&) {
  }
  if (!written.empty()) {
    auto again = maas::read_config<maas::DataConfig>(source_of(written));
    if (maas::write_config(again) != written) std::abort();
  }
  try {
    maas::ConfigSource override = source_of("");
    override.overrides = {text};
    maas::read_config<maas::DataConfig>(override);
  } catch (const maas::Error&) {
  }
  return 0;
}
