// A Model -> a file in another format that was seen to give the same outputs
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "export/compare.h"
#include "export/format.h"
#include "export/samples.h"

namespace maas {

struct ExportOptions {
  FormatOptions format = {};
  double tolerance = 1e-4;  // Agreement::max_relative that is let pass; 0 = the same numbers
  bool replace = false;     // an existing file
  // Told what is done next, in a few words ("comparing"), and "" after each batch that was
  // compared; may be empty. What it throws ends the work, and no file is left.
  std::function<void(const std::string& step)> progress = {};
};

// 1e-4; 5e-2 for a network of rounded activations (program/quantized_form.h), where a difference in
// the last bit becomes one of a whole step, 1/255 of the activation's range.
double default_tolerance(const Program& program);

// Throws what export_model() would throw for `output` alone, so that it can be asked before any
// work: Error{kUsage} when it exists (unless it may be replaced), is a folder, or is the model's
// own file `source`; Error{kResources} when its folder is not there or may not be written to.
void check_export_path(const std::filesystem::path& output, const std::filesystem::path& source,
                       const ExportOptions& options);

// Writes `model` beside `output` under another name, opens that file again, runs both on `samples`
// and compares, then renames. Whatever fails leaves no file, and `output` as it was. Throws
// Error{kRequirement} with the difference when it is beyond the tolerance, Error{kResources} when
// the disk refuses, and what the format's writer throws.
Agreement export_model(const Model& model, const Format& format, const Samples& samples,
                       const std::filesystem::path& output, const ExportOptions& options);

}  // namespace maas
