#include "pt2/model_record.h"

#include <fmt/format.h>

#include "base/throw_error.h"

namespace maas {
std::string find_model_record(const ArchiveReader& archive) {
  std::vector<std::string> models;
  bool compiled = false;
  for (const std::string& name : archive.names()) {
    compiled = compiled || name.rfind("data/aotinductor/", 0) == 0;
    if (name.rfind("models/", 0) == 0 && name.size() > 12 &&
        name.substr(name.size() - 5) == ".json") {
      models.push_back(name);
    }
  }
  if (archive.has("models/model.json")) return "models/model.json";
  if (models.size() == 1) return models[0];
  if (models.empty() && compiled) {
    throw_input(archive.path(), "a package of compiled code that AOTInductor wrote",
                "one program that torch.export.save wrote",
                "compiled code is never run; save what it was compiled from: in Python "
                "torch.export.save(exported_program, 'model.pt2')");
  }
  const bool script = archive.has("constants.pkl") || archive.has("data.pkl");
  throw_input(archive.path(),
              models.empty() ? (script ? "a pickle or TorchScript file" : "no models/*.json inside")
                             : fmt::format("{} models inside", models.size()),
              "one program that torch.export.save wrote",
              script ? "pickles and TorchScript can run code and are never read; in Python: "
                       "torch.export.save(torch.export.export(model, example_inputs), 'model.pt2')"
                     : "export it with torch.export.save");
}

}  // namespace maas
