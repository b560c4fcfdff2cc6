#include "export/import_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/files.h"
#include "base/throw_error.h"
#include "call/verify.h"
#include "model/derived.h"
#include "program/mode.h"
#include "program/refuse_state.h"

namespace maas {
namespace {

[[noreturn]] void refuse_format(const std::filesystem::path& path, const Format& format) {
  std::vector<std::string> readable;
  for (const Format& other : formats()) {
    if (other.read != nullptr) readable.emplace_back(other.name);
  }
  throw_usage(path.string(), fmt::format("{} files are not read: {}", format.name, format.unread),
              fmt::format("one of {}", fmt::join(readable, ", ")),
              "export the network with torch.export.save, or to another of these");
}

}  // namespace

Model import_model(const std::filesystem::path& path, const Format& format) {
  if (format.read == nullptr) refuse_format(path, format);
  Model model;
  model.program = format.read(path);
  refuse_state(model.program, path.string());
  model.program = with_mode(std::move(model.program), Mode::kEval);
  verify(model.program, path.string());
  model.manifest.name = path.stem().string();
  model.digest = sha256_hex_of_file(path);
  return derived(model, "import", model.program, {.text = format.name});
}

}  // namespace maas
