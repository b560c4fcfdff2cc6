// The formats that models are exported to and imported from: one table
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/model.h"

namespace maas {

// Inputs in the order of the model's user inputs -> user outputs, flat. Records no gradients.
using Forward = std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)>;

// What formats can be asked for; each heeds those that it knows.
struct FormatOptions {
  int64_t opset = 0;  // onnx: version of the operator set; 0 = the writer's own choice
};

// A file in somebody else's format. To add one: a folder or file in export/ and a row in
// format.cpp.
struct Format {
  const char* name;                     // "onnx"
  std::vector<std::string> extensions;  // ".onnx"; the first is that of default names
  const char* summary;                  // one phrase: who reads it
  const char* loses;                    // one phrase: what a Model has that the file has not

  // Writes `path` in place (callers rename). The program verifies and is in evaluation mode. Same
  // model, same bytes. Throws Error{kUsage} naming node, operator and format for an operator
  // without a mapping, Error{kResources} when the disk refuses.
  void (*write)(const Model& model, const std::filesystem::path& path,
                const FormatOptions& options);

  // The file that write() has just made of `original`, read again from the disk and ready to run.
  // Never called on files of others: a TorchScript file is code.
  Forward (*reopen)(const std::filesystem::path& path, const Program& original);

  // A file of others as a Program, for `maas import`; not yet verified. nullptr = the format has no
  // reader. Throws Error{kInput} for damaged files and operators without a mapping.
  Program (*read)(const std::filesystem::path& path) = nullptr;
  const char* unread = "";  // one phrase: why there is no reader
};

// In order of their names.
const std::vector<Format>& formats();

// By name; throws Error{kUsage} with the nearest known one for another.
const Format& format_named(const std::string& name);

// By the extension of a file's name, whatever its case; throws Error{kUsage} for an unknown one,
// and for ".pt", which several formats use.
const Format& format_of_file(const std::filesystem::path& path);

// What the stored operators compute: no int8 kernels, whose sums round otherwise.
Forward forward_of(const Program& program);

}  // namespace maas
