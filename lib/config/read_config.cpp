#include "config/read_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "base/files.h"
#include "base/shown_text.h"
#include "config/bind.h"
#include "config/merge_yaml.h"
#include "config/walk_fields.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLargestFile = 1 << 20;
constexpr size_t kLongestChain = 32;
constexpr int kPrecedenceOfBase = -64;  // below every file that a config extends

// At most one byte more than a config may have.
std::string read_stdin() {
  std::string text(kLargestFile + 1, '\0');
  std::cin.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(std::cin.gcount()));
  return text;
}

// Files, and the files that they extend, as one tree.
class Loader {
 public:
  Loader(const SectionRef& root, Findings& findings) : root_(root), findings_(findings) {}

  YamlNode load_file(const fs::path& file) {
    auto source = std::make_shared<YamlSource>();
    source->name = file == "-" ? "stdin" : shown_text(file.string(), 200);
    source->folder = file == "-" ? fs::current_path() : fs::absolute(file).parent_path();
    const std::string text = file == "-" ? read_stdin() : read_config_file(file, source);
    chain_.push_back(canonical(file));
    YamlNode tree = load_text(text, source, file == "-" ? fs::path() : file.parent_path());
    chain_.pop_back();
    return tree;
  }

  // `shown_folder`: the text's folder as the user would write it, for the names of base files.
  YamlNode load_text(const std::string& text, const std::shared_ptr<YamlSource>& source,
                     const fs::path& shown_folder) {
    source->precedence += 1 - static_cast<int>(std::max<size_t>(chain_.size(), 1));
    auto tree = parse_yaml(text, source, findings_);
    if (!tree) findings_.raise();
    if (tree->kind != YamlNode::Kind::kMap) {
      findings_.add(tree->place, "the config is " + kind_text(*tree),
                    "settings such as name: value", "`maas init` writes a config to start from");
      findings_.raise();
    }
    expand_shorthands(*tree, root_);
    const YamlNode::Entry* extends = tree->find("extends");
    if (extends == nullptr) return std::move(*tree);
    YamlNode base = load_base(*extends, shown_folder);
    std::erase_if(tree->entries, [](const auto& entry) { return entry.name == "extends"; });
    // Nothing but extends changes nothing, where {} otherwise clears.
    if (!tree->entries.empty()) merge_config(base, std::move(*tree), root_, findings_);
    return base;
  }

 private:
  static fs::path canonical(const fs::path& file) {
    std::error_code ignored;
    const fs::path found = fs::weakly_canonical(file, ignored);
    return found.empty() ? file : found;
  }

  std::string read_config_file(const fs::path& file, const std::shared_ptr<YamlSource>& source) {
    std::error_code absent;
    const auto size = fs::is_regular_file(file, absent) ? fs::file_size(file, absent) : 0;
    if (!absent && size > static_cast<uintmax_t>(kLargestFile)) {
      findings_.add({source, 0, 0}, fmt::format("{} bytes", size), "a config of at most 1 MiB",
                    "is this the right file?");
      findings_.raise();
    }
    return read_file(file, kLargestFile);
  }

  YamlNode load_base(const YamlNode::Entry& extends, const fs::path& shown_folder) {
    const YamlNode& name = extends.value;
    if (name.kind != YamlNode::Kind::kScalar || name.scalar.empty()) {
      findings_.add(name.place, "extends is " + kind_text(name), "a path to another config",
                    "write extends: base.yaml");
      findings_.raise();
    }
    const fs::path file = shown_folder / name.scalar;
    if (std::find(chain_.begin(), chain_.end(), canonical(file)) != chain_.end()) {
      findings_.add(extends.place, "extends leads back to " + shown_text(file.string(), 200),
                    "configs that do not extend each other in a circle",
                    "remove one of the extends");
      findings_.raise();
    }
    if (chain_.size() >= kLongestChain) {
      findings_.add(extends.place, "more than 32 configs that extend each other",
                    "a config with few bases", "remove some of the extends");
      findings_.raise();
    }
    try {
      return load_file(file);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kUsage) throw;
      findings_.add(extends.place, "extends " + error.first().where + ": " + error.first().what,
                    "a config file", "paths count from the folder of the file that extends");
      findings_.raise(error.kind());
    }
  }

  const SectionRef& root_;
  Findings& findings_;
  std::vector<fs::path> chain_;  // canonical, the outermost first
};

}  // namespace

ConfigPlaces read_config(const ConfigSource& config, const SectionRef& root) {
  Findings findings;
  findings.keys = config_keys(root);
  Loader loader(root, findings);
  const auto load_text = [&](const std::string& text, const std::string& name, int precedence) {
    auto source = std::make_shared<YamlSource>();
    source->name = name;
    source->precedence = precedence;
    source->folder = config.folder.empty() ? fs::current_path() : fs::absolute(config.folder);
    return loader.load_text(text, source, "");
  };
  YamlNode tree;
  if (!config.base.empty()) tree = load_text(config.base, config.base_name, kPrecedenceOfBase);
  if (!config.file.empty() || config.base.empty()) {
    YamlNode own = config.file.empty() ? load_text(config.text, config.text_name, 0)
                                       : loader.load_file(config.file);
    config.base.empty() ? void(tree = std::move(own))
                        : merge_config(tree, std::move(own), root, findings);
  }
  int order = 0;
  for (const std::string& text : config.overrides) {
    auto over = parse_override(text, ++order, findings);
    if (!over) continue;
    expand_shorthands(*over, root);
    merge_config(tree, std::move(*over), root, findings);
  }
  bind_section(tree, root, "", findings);
  if (!findings.empty()) findings.raise();
  return {tree, root};
}

}  // namespace maas
