#include "export/format.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/did_you_mean.h"
#include "base/throw_error.h"
#include "export/onnx/onnx_format.h"
#include "export/onnx/read.h"
#include "export/pt2.h"
#include "export/safetensors_file.h"
#include "export/torchscript/torchscript.h"
#include "run/plan.h"

namespace maas {

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {.name = "onnx",
       .extensions = {".onnx"},
       .summary = "onnxruntime and most other runtimes",
       .loses = "the manifest, and layers that ONNX spells out as several operators",
       .write = write_onnx_file,
       .reopen = reopen_onnx_file,
       .read = read_onnx},
      {.name = "pt2",
       .extensions = {".pt2"},
       .summary = "Python's torch.export.load",
       .loses = "labels, preprocessing of files, metrics, config and lineage: the manifest",
       .write = write_pt2_file,
       .reopen = reopen_pt2_file,
       .read = read_pt2_file},
      {.name = "safetensors",
       .extensions = {".safetensors"},
       .summary = "weights by name, for safetensors.torch.load_file",
       .loses = "the graph, and the manifest",
       .write = write_safetensors_file,
       .reopen = reopen_safetensors_file,
       .unread = "they hold no graph"},
      {.name = "torchscript",
       .extensions = {".torchscript", ".ts"},
       .summary = "torch.jit.load, and C++ programs over libtorch",
       .loses = "the manifest, the nesting of several outputs, inputs that were fixed at export",
       .write = write_torchscript,
       .reopen = reopen_torchscript,
       .unread = "they are code, which would have to be run to be read"},
  };
  return all;
}

const Format& format_named(const std::string& name) {
  std::vector<std::string> names;
  for (const Format& format : formats()) {
    if (name == format.name) return format;
    names.emplace_back(format.name);
  }
  throw_usage("--format", fmt::format("unknown '{}'{}", name, did_you_mean(name, names)),
              fmt::format("one of {}", fmt::join(names, ", ")));
}

const Format& format_of_file(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::vector<std::string> known;
  for (const Format& format : formats()) {
    for (const std::string& own : format.extensions) {
      if (own == extension) return format;
      known.push_back(own);
    }
  }
  const std::string expected = fmt::format("one of {}", fmt::join(known, ", "));
  const std::string fix = "say the format with --format";
  if (extension == ".pt") {
    throw_usage(path.string(), "several formats use the ending '.pt'", expected, fix);
  }
  if (extension.empty()) {
    throw_usage(path.string(), "has no ending that tells its format", expected, fix);
  }
  throw_usage(path.string(),
              fmt::format("unknown ending '{}'{}", extension, did_you_mean(extension, known)),
              expected, fix);
}

Forward forward_of(const Program& program) {
  // Kernels for int8 are chosen by time, and round otherwise than the stored graph does.
  const auto plan = Plan::compile(program, {.disabled_passes = {"quantized-layers"}});
  return [plan](const std::vector<at::Tensor>& inputs) {
    const at::NoGradGuard no_gradients;
    return plan->run(inputs);
  };
}

}  // namespace maas
