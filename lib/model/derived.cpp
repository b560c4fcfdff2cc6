#include "model/derived.h"

#include "base/version.h"

namespace maas {

Lineage first_step(const std::string& verb, const Change& change) {
  return {{.verb = verb, .version = maas_version(), .change = change.text, .seed = change.seed}};
}

Model derived(const Model& parent, const std::string& verb, Program program, const Change& change) {
  Model model;
  model.program = std::move(program);
  model.manifest = parent.manifest;
  model.config_folder = parent.config_folder;
  model.manifest.format = Manifest{}.format;
  model.manifest.metrics.clear();
  LineageStep step = first_step(verb, change).front();
  step.parent = parent.digest;
  model.manifest.lineage.push_back(std::move(step));
  return model;
}

}  // namespace maas
