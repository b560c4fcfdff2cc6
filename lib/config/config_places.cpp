#include "config/config_places.h"

#include <type_traits>

#include "config/walk_fields.h"

namespace maas {
namespace {

template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = true;

// A map or list: what it holds are no settings, but have places, too.
bool holds_items(const Field& field) {
  return std::visit(
      [](const auto& target) {
        using T = std::remove_pointer_t<std::decay_t<decltype(target)>>;
        return std::is_same_v<T, std::map<std::string, std::string>> ||
               std::is_same_v<T, SectionListRef> || kIsVector<T>;
      },
      field.target);
}

// "model (mlp)" -> "model".
std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

std::string parent_of(const std::string& key) {
  const size_t dot = key.rfind('.');
  return dot == key.npos ? "" : key.substr(0, dot);
}

}  // namespace

ConfigPlaces::ConfigPlaces(const YamlNode& tree, const SectionRef& root) {
  walk_fields(root, [&](const std::string& key, const Field& field) {
    settings_.emplace(key, holds_items(field));
  });
  written_.emplace("", tree.place);
  add(tree, "");
}

void ConfigPlaces::add(const YamlNode& node, const std::string& path) {
  for (const YamlNode::Entry& entry : node.entries) {
    if (entry.value.takes_back()) continue;
    const std::string key = join_key(path, entry.name);
    written_.emplace(key, entry.place);
    add(entry.value, key);
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string key = join_key(path, std::to_string(i));
    written_.emplace(key, node.items[i].place);
    add(node.items[i], key);
  }
}

bool ConfigPlaces::is_setting(const std::string& key) const {
  const std::string known = with_any_index(key);
  if (settings_.count(known) > 0) return true;
  const auto around = settings_.find(parent_of(known));
  return around != settings_.end() && around->second;
}

const YamlPlace* ConfigPlaces::place_of(std::string key) const {
  for (;; key = parent_of(key)) {
    const auto found = written_.find(key);
    if (found != written_.end()) return found->second.source ? &found->second : nullptr;
    if (key.empty()) return nullptr;
  }
}

bool ConfigPlaces::has_beside(const std::string& key, const std::string& other) const {
  const auto mine = written_.find(key), its = written_.find(other);
  if (mine == written_.end() || its == written_.end()) return false;
  return mine->second.source == its->second.source || mine->second.source->is_override;
}

Error ConfigPlaces::located(const Error& error) const {
  std::vector<Problem> problems = error.problems();
  for (Problem& problem : problems) {
    if (const auto lost = lost_.find(problem.where); lost != lost_.end()) {
      problem.expected = "the data where the model remembers them";
      problem.fix = "name them: " + lost->second + "=PATH, or give a config";
      continue;
    }
    const std::string key = first_word(problem.where);
    const YamlPlace* place = is_setting(key) ? place_of(key) : nullptr;
    if (place == nullptr) continue;
    problem.what = problem.where + ": " + problem.what;
    problem.where = place->where();
    problem.excerpt = place->excerpt();
  }
  return {error.kind(), std::move(problems)};
}

}  // namespace maas
