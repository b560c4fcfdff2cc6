// torch.export's archive with the program alone
#pragma once

#include "export/format.h"

namespace maas {

// Like a model.pt without the manifest: Python's torch.export.load gives the same outputs.
void write_pt2_file(const Model& model, const std::filesystem::path& path,
                    const FormatOptions& options);
Forward reopen_pt2_file(const std::filesystem::path& path, const Program& original);
// As load_model() reads it.
Program read_pt2_file(const std::filesystem::path& path);

}  // namespace maas
