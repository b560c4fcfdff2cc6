#include "export/onnx/write.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "export/onnx/writer.h"

namespace maas {
namespace {

// The IR version that came with an opset (ONNX's docs/Versioning.md): older runtimes take it.
int64_t ir_version_of(int64_t opset) { return opset <= 18 ? 8 : opset <= 20 ? 9 : 10; }

std::string text_of(const std::optional<int64_t>& bound) {
  return bound ? std::to_string(*bound) : "";
}

}  // namespace

OnnxModel to_onnx(const Program& program, int64_t opset) {
  if (opset < kLowestOpset || opset > kHighestOpset) {
    throw_usage("opset", std::to_string(opset),
                fmt::format("{} to {}", kLowestOpset, kHighestOpset),
                fmt::format("give --opset {} for old runtimes, or leave it out", kLowestOpset));
  }
  OnnxModel model = OnnxWriter(program, opset).write();
  model.ir_version = ir_version_of(opset);
  model.opset = opset;
  model.producer = "maas";
  model.graph.name = "main";
  for (const auto& [symbol, range] : program.symbols) {
    model.metadata[kRangeKey + symbol] = text_of(range.min) + ".." + text_of(range.max);
  }
  return model;
}

void write_onnx(const Program& program, const std::filesystem::path& path,
                const OnnxOptions& options) {
  save_onnx(to_onnx(program, options.opset), path, options.file);
}

}  // namespace maas
