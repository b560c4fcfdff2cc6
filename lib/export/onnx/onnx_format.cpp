#include "export/onnx/onnx_format.h"

#include "call/verify.h"
#include "export/onnx/read.h"
#include "export/onnx/write.h"

namespace maas {

void write_onnx_file(const Model& model, const std::filesystem::path& path,
                     const FormatOptions& options) {
  OnnxOptions onnx;
  if (options.opset != 0) onnx.opset = options.opset;
  write_onnx(model.program, path, onnx);
}

Forward reopen_onnx_file(const std::filesystem::path& path, const Program&) {
  const Program program = read_onnx(path);
  verify(program, path.string());
  return forward_of(program);
}

}  // namespace maas
