#include "export/pt2.h"

#include "pt2/write.h"
#include "tensor/archive.h"

namespace maas {

void write_pt2_file(const Model& model, const std::filesystem::path& path, const FormatOptions&) {
  write_archive(path, [&](const PutRecord& put) { write_pt2(model.program, {}, put); });
}

Forward reopen_pt2_file(const std::filesystem::path& path, const Program&) {
  return forward_of(read_pt2_file(path));
}

Program read_pt2_file(const std::filesystem::path& path) { return load_model(path).program; }

}  // namespace maas
