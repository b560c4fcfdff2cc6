// Where each setting of a config was written, for problems that show only after reading: settings
// that do not fit each other, the data or the machine.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "config/fields.h"
#include "config/yaml_document.h"

namespace maas {

class ConfigPlaces {
 public:
  ConfigPlaces() = default;
  // `tree`: the config as read, with overrides merged in.
  ConfigPlaces(const YamlNode& tree, const SectionRef& root);

  // `error` with file:line:column and excerpt in each problem whose `where` is a setting ("data",
  // "data.columns.age", "model (mlp)", "model.layers.3 (layer 4, conv)"): those of the setting, or
  // when it was left to its default those of the section around it. Problems elsewhere, in files
  // for instance, stay as they are. Of a problem at a path that note_lost() knows it says how to
  // name it.
  Error located(const Error& error) const;

  // Whether the setting, or one below it, was written.
  bool has(const std::string& key) const { return written_.count(key) > 0; }

  // Whether `key` was written in the same file as `other`, or on the command line over it: not
  // where a config that is extended has it.
  bool has_beside(const std::string& key, const std::string& other) const;

  // Nothing is at `path`, where a config that a model remembers has the input of setting `key`.
  void note_lost(const std::string& path, const std::string& key) { lost_[path] = key; }

 private:
  void add(const YamlNode& node, const std::string& path);
  const YamlPlace* place_of(std::string key) const;
  bool is_setting(const std::string& key) const;

  std::map<std::string, YamlPlace> written_;
  std::map<std::string, std::string> lost_;  // path -> setting
  std::map<std::string, bool> settings_;     // every key there is -> it is a map or list
};

// What `work` returns; an Error that it throws comes out with its places.
template <class Work>
auto with_places(const ConfigPlaces& places, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    throw places.located(error);
  }
}

}  // namespace maas
