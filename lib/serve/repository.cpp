#include "serve/repository.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>

namespace maas {
namespace {

// "10" is above "9"; versions are numbers, but for what a test or a stranger calls so.
bool is_later(std::string_view a, std::string_view b) {
  return a.size() != b.size() ? a.size() > b.size() : a > b;
}

}  // namespace

Repository::Repository(std::vector<ServedModel> models, Traffic traffic)
    : traffic_(std::move(traffic)) {
  for (ServedModel& model : models) put(std::move(model));
}

void Repository::put(ServedModel model) {
  auto added = std::make_shared<const ServedModel>(std::move(model));
  std::shared_ptr<const ServedModel> replaced;  // goes when the lock is free
  const std::unique_lock lock(mutex_);
  const SessionInfo& info = added->info();
  auto place = models_.end();
  for (auto it = models_.begin(); it != models_.end(); ++it) {
    const SessionInfo& known = (*it)->info();
    if (known.name != info.name) continue;
    if (known.version == info.version) {
      replaced = std::exchange(*it, std::move(added));
      return;
    }
    place = it + 1;
    if (is_later(info.version, known.version)) {
      place = it;
      break;
    }
  }
  models_.insert(place, std::move(added));
}

bool Repository::remove(std::string_view name, std::string_view version) {
  std::shared_ptr<const ServedModel> removed;
  const std::unique_lock lock(mutex_);
  const auto found = std::find_if(models_.begin(), models_.end(), [&](const auto& model) {
    return model->info().name == name && model->info().version == version;
  });
  if (found == models_.end()) return false;
  removed = std::move(*found);
  models_.erase(found);
  return true;
}

std::shared_ptr<const ServedModel> Repository::find(std::string_view name,
                                                    std::string_view version) const {
  const std::string_view number = traffic_.version_of(name, version);
  const std::shared_lock lock(mutex_);
  for (const auto& model : models_) {
    const SessionInfo& info = model->info();
    if (info.name == name && (number.empty() || info.version == number)) return model;
  }
  return nullptr;
}

std::shared_ptr<const ServedModel> Repository::pick(std::string_view name,
                                                    std::string_view version) const {
  if (!version.empty() || !traffic_.knows(name)) return find(name, version);
  std::vector<std::string> there;
  for (const auto& model : models()) {
    if (model->info().name == name) there.push_back(model->info().version);
  }
  return find(name, traffic_.choose(name, there));
}

std::shared_ptr<const ServedModel> Repository::shadow_of(const ServedModel& model) const {
  const SessionInfo& info = model.info();
  if (!traffic_.knows(info.name)) return nullptr;
  const std::string version = traffic_.shadow_of(info.name, info.version);
  return version.empty() ? nullptr : find(info.name, version);
}

Repository::Models Repository::models() const {
  const std::shared_lock lock(mutex_);
  return models_;
}

std::string Repository::why_not(std::string_view name, std::string_view version) const {
  std::vector<std::string> names, versions;
  for (const auto& model : models()) {
    if (model->info().name == name) versions.push_back(model->info().version);
    std::string quoted = "'" + model->info().name + "'";
    if (std::find(names.begin(), names.end(), quoted) == names.end()) {
      names.push_back(std::move(quoted));
    }
  }
  const bool other_version = !version.empty() && !versions.empty();
  if (names.empty()) return fmt::format("no model '{}'; this server has none", name);
  const std::vector<std::string> labels = traffic_.labels_of(name);
  if (other_version) {
    return fmt::format("no model '{}' of this version, {}; this server has versions {}{}", name,
                       version, fmt::join(versions, ", "),
                       labels.empty() ? "" : fmt::format(", labels {}", fmt::join(labels, ", ")));
  }
  return fmt::format("no model '{}'; this server has {}{}", name, fmt::join(names, ", "),
                     labels.empty() ? "" : fmt::format(", labels {}", fmt::join(labels, ", ")));
}

}  // namespace maas
