#include "serve/model_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/throw_error.h"

namespace maas {
namespace {

std::string one_line(const std::exception& failure) {
  std::string text = failure.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string text_of(const ModelKey& key) { return fmt::format("{} {}", key.first, key.second); }

}  // namespace

ModelLoader::Found ModelLoader::find() {
  Found all;
  for (const std::string& source : sources_) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(source, ignored);
    if (is_folder) folders_.insert(source);
    if (!is_folder && folders_.count(source) != 0) {
      all.unreadable.push_back(source);
      all.notes.push_back(source + ": is away; its models stay");
      continue;
    }
    FoundModels found = find_models(source, policy_);
    for (ModelFile& file : found.files) {
      std::string path = file.path.string();
      if (all.files.count(path) != 0) all.named_twice.push_back(path);
      all.files.emplace(std::move(path), std::move(file));
    }
    for (std::string& note : found.notes) all.notes.push_back(std::move(note));
    for (std::string& path : found.unreadable) all.unreadable.push_back(std::move(path));
  }
  return all;
}

std::vector<std::unique_ptr<Session>> ModelLoader::load_all(std::vector<std::string>& notes) {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<Session>> sessions;
  std::map<ModelKey, std::string> paths;
  const Found found = find();
  notes = found.notes;
  told_.insert(notes.begin(), notes.end());
  if (!found.named_twice.empty()) {
    throw_usage(found.named_twice.front(), "is named twice", "each file once",
                "name it once; for a second name make a link to it");
  }
  for (const auto& [path, file] : found.files) {
    auto session = open_(file);
    const ModelKey key{session->info().name, session->info().version};
    if (const auto [other, is_new] = paths.emplace(key, path); !is_new) {
      throw_usage(path, fmt::format("is called '{}' as {} is", key.first, other->second),
                  "a name of its own for each model", "name one: NAME=" + path);
    }
    known_[path] = {file, key, true, ""};
    sessions.push_back(std::move(session));
  }
  if (sessions.empty()) {
    throw_input(fmt::format("{}", fmt::join(sources_, ", ")), "holds no model",
                "NAME/VERSION/model.pt, NAME/model.pt or NAME.pt in a folder of models",
                "write one there, or name a file");
  }
  return sessions;
}

bool ModelLoader::is_unloaded(const Known& known) const {
  return unloaded_.count(known.key.first) != 0 || unloaded_.count(known.file.name) != 0;
}

const std::string* ModelLoader::ready_path(const ModelKey& key, const std::string& but) const {
  for (const auto& [path, known] : known_) {
    if (known.ready && known.key == key && path != but) return &path;
  }
  return nullptr;
}

void ModelLoader::open(const ModelFile& file, const Found& found, ModelChanges& changes) {
  Known& known = known_[file.path.string()];
  const ModelKey before = known.key;
  known.file = file;
  try {
    auto session = open_(file);
    const ModelKey key{session->info().name, session->info().version};
    const std::string* other = ready_path(key, file.path.string());
    if (other != nullptr && found.files.count(*other) != 0) {
      throw_usage(file.path.string(), fmt::format("is called '{}' as {} is", key.first, *other),
                  "a name and version of its own for each model", "remove one of them");
    }
    if (known.ready && before != key) changes.gone.push_back(before);
    changes.told.push_back(fmt::format("{} {} from {}", known.ready ? "reloaded" : "loaded",
                                       text_of(key), file.path.string()));
    known.key = key;
    known.ready = true;
    known.reason.clear();
    changes.loaded.push_back(std::move(session));
  } catch (const std::exception& failure) {
    known.reason = one_line(failure);
    changes.failed.push_back(fmt::format("cannot load {}{}: {}", file.path.string(),
                                         known.ready ? "; the one before stays" : "",
                                         known.reason));
  }
}

void ModelLoader::drop(const std::string& path, ModelChanges& changes) {
  Known& known = known_.at(path);
  if (!known.ready) return;
  known.ready = false;
  if (ready_path(known.key, path) != nullptr) return;  // another file has taken its place
  changes.gone.push_back(known.key);
  changes.told.push_back("unloaded " + text_of(known.key));
}

// A known file that the sources do not name any more.
bool ModelLoader::may_go(const std::string& path, const Known& known, const Found& found) const {
  // A file that was named stays served when it is gone: whoever replaces it may be at it.
  if (std::find(sources_.begin(), sources_.end(), path) != sources_.end()) return false;
  for (const std::string& folder : found.unreadable) {
    if (path.starts_with(folder + "/")) return false;
  }
  std::error_code ignored;
  if (!known.ready || !std::filesystem::exists(path, ignored)) return true;
  return std::any_of(found.files.begin(), found.files.end(), [&](const auto& entry) {
    const auto other = known_.find(entry.first);
    return entry.second.name == known.file.name && other != known_.end() && other->second.ready;
  });
}

ModelChanges ModelLoader::changes() {
  const std::lock_guard lock(mutex_);
  ModelChanges changes;
  const Found found = find();
  for (const std::string& note : found.notes) {
    if (told_.insert(note).second) changes.failed.push_back(note);
  }
  std::erase_if(told_, [&](const std::string& note) {
    return std::find(found.notes.begin(), found.notes.end(), note) == found.notes.end();
  });
  for (const auto& [path, file] : found.files) {
    const auto known = known_.find(path);
    if (known != known_.end() && known->second.file.stamp == file.stamp) continue;
    if (known != known_.end() && is_unloaded(known->second)) continue;
    open(file, found, changes);
  }
  std::erase_if(known_, [&](const auto& entry) {
    const auto& [path, known] = entry;
    if (found.files.count(path) != 0 || !may_go(path, known, found)) return false;
    drop(path, changes);
    return true;
  });
  return changes;
}

ModelChanges ModelLoader::load(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ModelChanges changes;
  unloaded_.erase(name);
  const Found found = find();
  for (const auto& [path, file] : found.files) {
    const auto known = known_.find(path);
    const std::string own = known == known_.end() || known->second.key.first.empty()
                                ? file.name
                                : known->second.key.first;
    if (own == name) open(file, found, changes);
  }
  if (changes.loaded.empty() && changes.failed.empty()) {
    throw_input("model '" + name + "'", "is in none of this server's folders",
                "one that its index shows");
  }
  return changes;
}

ModelChanges ModelLoader::unload(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ModelChanges changes;
  bool found = false;
  for (const auto& [path, known] : known_) {
    if (known.key.first != name) continue;
    found = true;
    drop(path, changes);
  }
  if (!found) {
    throw_input("model '" + name + "'", "is not one of this server's", "one that its index shows");
  }
  unloaded_.insert(name);
  return changes;
}

std::vector<ModelState> ModelLoader::states() const {
  const std::lock_guard lock(mutex_);
  std::vector<ModelState> states;
  for (const auto& [path, known] : known_) {
    const ModelKey key = known.key.first.empty()
                             ? ModelKey{known.file.name, std::to_string(known.file.version)}
                             : known.key;
    states.push_back({key, known.ready,
                      known.ready            ? ""
                      : known.reason.empty() ? "unloaded"
                                             : known.reason});
  }
  return states;
}

}  // namespace maas
