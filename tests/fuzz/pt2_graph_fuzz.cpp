// Any text as the graph of a PT2 archive, and behind a zero byte, as the list of its weights: a
// program that verifies or an Error, nothing else. What is read can be printed and written again.
#include "base/error.h"
#include "call/verify.h"
#include "fuzz/memory_file.h"
#include "pt2/graph_json.h"
#include "pt2/read.h"
#include "tensor/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\0'), size);
  static const std::string weights(4096, '\0');
  const maas::MemoryFile file(maas::archive_bytes([&](const maas::PutRecord& put) {
    put("models/model.json", text.substr(0, end));
    if (end < size) put("data/weights/model_weights_config.json", text.substr(end + 1));
    for (int i = 0; i < 8; ++i) put("data/weights/weight_" + std::to_string(i), weights);
  }));
  try {
    const maas::Program program = maas::read_pt2(maas::ArchiveReader(file.path()));
    maas::to_text(program);
    maas::verify(program, "fuzz");
    maas::exported_program_json(program);
  } catch (const maas::Error&) {
  }
  return 0;
}
