#include "serve/model_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>

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

ModelLoader::Files ModelLoader::find(std::vector<std::string>& notes) {
  Files files;
  for (const std::string& source : sources_) {
    for (ModelFile& file : model_files(source, policy_, notes)) {
      std::string path = file.path.string();
      files.emplace(std::move(path), std::move(file));
    }
  }
  return files;
}

std::vector<std::unique_ptr<Session>> ModelLoader::load_all(std::vector<std::string>& notes) {
  const std::lock_guard lock(mutex_);
  std::vector<std::unique_ptr<Session>> sessions;
  std::map<ModelKey, std::string> paths;
  for (const auto& [path, file] : find(notes)) {
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

void ModelLoader::open(const ModelFile& file, ModelChanges& changes) {
  Known& known = known_[file.path.string()];
  const ModelKey before = known.key;
  known.file = file;
  try {
    auto session = open_(file);
    const ModelKey key{session->info().name, session->info().version};
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
  changes.gone.push_back(known.key);
  changes.told.push_back("unloaded " + text_of(known.key));
}

ModelChanges ModelLoader::changes() {
  const std::lock_guard lock(mutex_);
  ModelChanges changes;
  Files files;
  try {
    std::vector<std::string> notes;
    files = find(notes);
  } catch (const std::exception& failure) {
    changes.failed.push_back(one_line(failure));
    return changes;
  }
  for (const auto& [path, file] : files) {
    const auto known = known_.find(path);
    if (known != known_.end() && known->second.file.stamp == file.stamp) continue;
    if (known != known_.end() && is_unloaded(known->second)) continue;
    open(file, changes);
  }
  std::erase_if(known_, [&](const auto& entry) {
    const auto found = files.find(entry.first);
    // A file that was named stays served when it is gone: whoever replaces it may be at it.
    const bool named = std::find(sources_.begin(), sources_.end(), entry.first) != sources_.end();
    if (found != files.end() || named) return false;
    drop(entry.first, changes);
    return true;
  });
  return changes;
}

ModelChanges ModelLoader::load(const std::string& name) {
  const std::lock_guard lock(mutex_);
  ModelChanges changes;
  unloaded_.erase(name);
  std::vector<std::string> notes;
  for (const auto& [path, file] : find(notes)) {
    const auto known = known_.find(path);
    const std::string own = known == known_.end() || known->second.key.first.empty()
                                ? file.name
                                : known->second.key.first;
    if (own == name) open(file, changes);
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
