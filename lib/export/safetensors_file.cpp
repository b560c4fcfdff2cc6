#include "export/safetensors_file.h"

#include <cstring>

#include "base/error.h"
#include "tensor/safetensors.h"

namespace maas {
namespace {

TensorMap tensors_of(const Program& program) {
  TensorMap all;
  for (const auto* table : {&program.parameters, &program.buffers, &program.constants}) {
    all.insert(table->begin(), table->end());
  }
  return all;
}

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw Error(ErrorKind::kRequirement, {.where = where, .what = what, .expected = expected});
}

// Bit by bit: a NaN equals itself, and -0 is not 0.
bool same_bits(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor left = a.detach().contiguous(), right = b.contiguous();
  return left.nbytes() == 0 ||
         std::memcmp(left.const_data_ptr(), right.const_data_ptr(), left.nbytes()) == 0;
}

}  // namespace

void write_safetensors_file(const Model& model, const std::filesystem::path& path,
                            const FormatOptions&) {
  write_safetensors(path, tensors_of(model.program));
}

Forward reopen_safetensors_file(const std::filesystem::path& path, const Program& original) {
  const TensorMap read = read_safetensors(path);
  Program program = original;
  for (auto* table : {&program.parameters, &program.buffers, &program.constants}) {
    for (auto& [name, tensor] : *table) {
      const std::string where = path.string() + ": tensor '" + name + "'";
      const auto found = read.find(name);
      if (found == read.end()) refuse(where, "is not in the file", type_text(tensor));
      if (type_text(found->second) != type_text(tensor)) {
        refuse(where, type_text(found->second), type_text(tensor));
      }
      if (!same_bits(tensor, found->second)) refuse(where, "other bits", "those of the model");
      tensor = found->second;
    }
  }
  return forward_of(program);
}

}  // namespace maas
