#include "serve/repository.h"

#include <fmt/format.h>

#include <algorithm>

namespace maas {

Repository::Repository(std::vector<ServedModel> models) {
  for (ServedModel& model : models) {
    models_.push_back(std::make_shared<const ServedModel>(std::move(model)));
  }
}

std::shared_ptr<const ServedModel> Repository::find(std::string_view name,
                                                    std::string_view version) const {
  for (const auto& model : models_) {
    const SessionInfo& info = model->info();
    if (info.name == name && (version.empty() || info.version == version)) return model;
  }
  return nullptr;
}

std::string Repository::why_not(std::string_view name, std::string_view version) const {
  std::vector<std::string> names;
  for (const auto& model : models_) {
    std::string quoted = "'" + model->info().name + "'";
    if (std::find(names.begin(), names.end(), quoted) == names.end()) {
      names.push_back(std::move(quoted));
    }
  }
  const bool other_version = !version.empty() && find(name, "") != nullptr;
  return fmt::format("no model '{}'{}; this server has {}", name,
                     other_version ? " of this version" : "", fmt::join(names, ", "));
}

}  // namespace maas
