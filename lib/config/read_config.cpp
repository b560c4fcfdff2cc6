#include "config/read_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "base/files.h"
#include "config/bind.h"
#include "config/yaml_document.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostProblems = 20;
constexpr int64_t kLargestFile = 1 << 20;

std::string read_stdin() {
  std::string text;
  char buffer[65536];
  while (std::cin.read(buffer, sizeof(buffer)) || std::cin.gcount() > 0) {
    text.append(buffer, static_cast<size_t>(std::cin.gcount()));
    if (text.size() > static_cast<size_t>(kLargestFile) + 1) break;
  }
  return text;
}

// `over` wins; maps merge deeply, all else replaces.
void merge(YamlNode& base, YamlNode over) {
  if (base.kind != YamlNode::Kind::kMap || over.kind != YamlNode::Kind::kMap) {
    base = std::move(over);
    return;
  }
  for (YamlNode::Entry& entry : over.entries) {
    if (YamlNode::Entry* mine = base.find(entry.name)) {
      mine->place = entry.place;
      merge(mine->value, std::move(entry.value));
    } else {
      base.entries.push_back(std::move(entry));
    }
  }
  base.place = over.place;
}

YamlNode load_file(const fs::path& file, std::vector<fs::path>& chain);

// Applies `extends: other.yaml` of a tree that was read from `folder`.
YamlNode with_base(YamlNode tree, const fs::path& folder, std::vector<fs::path>& chain) {
  const YamlNode::Entry* extends = tree.find("extends");
  if (tree.kind != YamlNode::Kind::kMap || extends == nullptr) return tree;
  if (extends->value.kind != YamlNode::Kind::kScalar) {
    throw Error(ErrorKind::kUsage,
                yaml_problem(extends->value.place, "extends is " + kind_text(extends->value),
                             "a path to another config", "write extends: base.yaml"));
  }
  const fs::path base_file = folder / extends->value.scalar;
  const fs::path canonical = fs::weakly_canonical(base_file);
  if (std::find(chain.begin(), chain.end(), canonical) != chain.end()) {
    throw Error(
        ErrorKind::kUsage,
        yaml_problem(extends->place, "extends leads back to this file: " + base_file.string(),
                     "configs that do not extend each other in a circle",
                     "remove one of the extends"));
  }
  YamlNode base = load_file(base_file, chain);
  std::erase_if(tree.entries, [](const YamlNode::Entry& entry) { return entry.name == "extends"; });
  merge(base, std::move(tree));
  return base;
}

YamlNode load_file(const fs::path& file, std::vector<fs::path>& chain) {
  auto source = std::make_shared<YamlSource>();
  source->name = file == "-" ? "stdin" : file.string();
  source->folder = file == "-" ? fs::current_path() : fs::absolute(file).parent_path();
  const std::string text = file == "-" ? read_stdin() : read_file(file, int64_t{1} << 33);
  chain.push_back(fs::weakly_canonical(file));
  YamlNode tree = with_base(parse_yaml(text, source), source->folder, chain);
  chain.pop_back();
  return tree;
}

// The node that "a.b.0" names, made where it is missing.
YamlNode* walk(YamlNode& root, const std::string& key, const YamlPlace& place) {
  YamlNode* node = &root;
  for (size_t start = 0; start <= key.size();) {
    const size_t dot = std::min(key.find('.', start), key.size());
    const std::string name = key.substr(start, dot - start);
    start = dot + 1;
    if (node->kind == YamlNode::Kind::kList && !name.empty() &&
        name.find_first_not_of("0123456789") == name.npos && name.size() < 6 &&
        std::stoul(name) < node->items.size()) {
      node = &node->items[std::stoul(name)];
      continue;
    }
    if (node->kind != YamlNode::Kind::kMap) {
      // A shorthand scalar that is given settings becomes the map it stands for.
      YamlNode map;
      map.kind = YamlNode::Kind::kMap;
      map.place = place;
      if (node->kind == YamlNode::Kind::kScalar && name != "type") {
        map.entries.push_back({"type", node->place, *node});
      }
      *node = std::move(map);
    }
    YamlNode::Entry* entry = node->find(name);
    if (entry == nullptr) {
      node->entries.push_back({name, place, YamlNode{}});
      entry = &node->entries.back();
      entry->value.place = place;
    }
    entry->place = place;
    node = &entry->value;
  }
  return node;
}

void apply_override(YamlNode& root, const std::string& text) {
  auto source = std::make_shared<YamlSource>();
  source->name = "command line: " + text;
  source->is_override = true;
  source->folder = fs::current_path();
  const YamlPlace place{source, 0, 0};
  const size_t equals = text.find('=');
  if (equals == text.npos || equals == 0) {
    throw Error(ErrorKind::kUsage,
                yaml_problem(place, "no setting", "key=value", "write it as train.epochs=3"));
  }
  YamlNode wrapped = parse_yaml("value: " + text.substr(equals + 1), source);
  const YamlNode::Entry* value = wrapped.find("value");
  if (wrapped.entries.size() != 1 || value == nullptr) {
    throw Error(ErrorKind::kUsage,
                yaml_problem(place, "more than one value", "one value on one line", "quote it"));
  }
  *walk(root, text.substr(0, equals), place) = value->value;
}

}  // namespace

void read_config(const ConfigSource& config, const SectionRef& root) {
  std::vector<fs::path> chain;
  YamlNode tree;
  if (!config.file.empty()) {
    tree = load_file(config.file, chain);
  } else {
    auto source = std::make_shared<YamlSource>();
    source->name = config.text_name;
    source->folder = fs::current_path();
    tree = with_base(parse_yaml(config.text, source), source->folder, chain);
  }
  if (tree.kind != YamlNode::Kind::kMap) {
    throw Error(ErrorKind::kUsage, yaml_problem(tree.place, "the config is " + kind_text(tree),
                                                "settings such as name: value",
                                                "`maas init` writes a config to start from"));
  }
  std::vector<Problem> problems;
  for (const std::string& text : config.overrides) {
    try {
      apply_override(tree, text);
    } catch (const Error& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  bind_section(tree, root, "", problems);
  if (problems.empty()) return;
  if (problems.size() > kMostProblems) {
    const size_t more = problems.size() - kMostProblems;
    problems.resize(kMostProblems);
    problems.back().fix += fmt::format("\n  ({} more problems)", more);
  }
  throw Error(ErrorKind::kUsage, std::move(problems));
}

}  // namespace maas
