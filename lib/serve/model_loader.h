// Keeps the served models as the files are: loads what is new or changed, tells what has gone.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "serve/model_files.h"
#include "serve/session.h"

namespace maas {

using ModelKey = std::pair<std::string, std::string>;  // name, version

struct ModelChanges {
  std::vector<std::unique_ptr<Session>> loaded;  // new, or in the place of an older one
  std::vector<ModelKey> gone;
  std::vector<std::string> told;    // one line each, of what changed
  std::vector<std::string> failed;  // of what could not be loaded; the older one stays
};

// A model as a protocol's index shows it.
struct ModelState {
  ModelKey key;
  bool ready = false;
  std::string reason;  // why not
};

// Thread-safe; one call loads at a time.
class ModelLoader {
 public:
  // Makes a session of a file; throws Error. `file.name` may be "".
  using Open = std::function<std::unique_ptr<Session>(const ModelFile& file)>;

  ModelLoader(std::vector<std::string> sources, VersionPolicy policy, Open open)
      : sources_(std::move(sources)), policy_(std::move(policy)), open_(std::move(open)) {}

  // Everything that the sources have. Throws what the first that fails throws; Error{kInput} when
  // there is no model at all, kUsage for two of one name and version and for a file that two
  // sources name.
  std::vector<std::unique_ptr<Session>> load_all(std::vector<std::string>& notes);

  // What is to change since the last call. A file that fails is tried again when it changes: one
  // that is being written is damaged until it is whole, which its checksums show. A version goes
  // when its file is gone, or when another is loaded that the policy prefers; not when that one
  // fails, nor when a folder cannot be read or is away.
  ModelChanges changes();

  // Loads all versions of a model that the sources have, whether or not they changed; after
  // unload() it is there again.
  ModelChanges load(const std::string& name);
  // Takes it out until load(), whatever its files do.
  ModelChanges unload(const std::string& name);

  std::vector<ModelState> states() const;

 private:
  struct Known {
    ModelFile file;
    ModelKey key;  // once it has been opened
    bool ready = false;
    std::string reason;
  };
  struct Found {
    std::map<std::string, ModelFile> files;  // by path
    std::vector<std::string> notes, unreadable;
    std::vector<std::string> named_twice;  // files of several sources
  };

  Found find();
  void open(const ModelFile& file, const Found& found, ModelChanges& changes);
  void drop(const std::string& path, ModelChanges& changes);
  bool may_go(const std::string& path, const Known& known, const Found& found) const;
  // A path that is ready under this key; null: there is none.
  const std::string* ready_path(const ModelKey& key, const std::string& but) const;
  bool is_unloaded(const Known& known) const;

  const std::vector<std::string> sources_;
  const VersionPolicy policy_;
  const Open open_;
  mutable std::mutex mutex_;
  std::map<std::string, Known> known_;  // by path
  std::set<std::string> unloaded_;      // names
  std::set<std::string> folders_;       // of the sources
  std::set<std::string> told_;          // notes: each is told once
};

}  // namespace maas
