#include "train/remembered_config.h"

#include <algorithm>
#include <map>

#include "base/files.h"
#include "base/portable_path.h"
#include "config/input_paths.h"
#include "config/walk_fields.h"
#include "config/write_config.h"
#include "config/yaml_document.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

using Texts = std::map<std::string, std::string>;  // setting -> what is written

constexpr int64_t kLargestConfig = 1 << 20;

fs::path last_part(const fs::path& path) {
  return path.has_filename() ? path.filename() : path.parent_path().filename();
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return path == "-" || fs::exists(path, error);
}

void add_texts(const YamlNode& node, const std::string& key, Texts& texts) {
  if (node.kind == YamlNode::Kind::kScalar) texts[key] = node.scalar;
  for (const YamlNode::Entry& entry : node.entries) {
    add_texts(entry.value, join_key(key, entry.name), texts);
  }
  for (size_t i = 0; i < node.items.size(); ++i) {
    add_texts(node.items[i], join_key(key, std::to_string(i)), texts);
  }
}

// Nothing when it is no config.
Texts texts_of(const std::string& yaml) {
  Texts texts;
  Findings findings;
  const auto tree = parse_yaml(yaml, std::make_shared<YamlSource>(), findings);
  if (tree && findings.empty()) add_texts(*tree, "", texts);
  return texts;
}

// What the run folder has written down; nothing when it is of another run.
Texts texts_of_run(const fs::path& folder, const Texts& remembered) {
  std::error_code error;
  const fs::path file = folder / "resolved.yaml";
  if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > kLargestConfig) return {};
  Texts run = texts_of(read_file(file));
  const bool is_same =
      std::all_of(remembered.begin(), remembered.end(), [&run](const auto& setting) {
        const auto found = run.find(setting.first);
        return found != run.end() && (setting.second == found->second ||
                                      last_part(setting.second) == last_part(found->second));
      });
  return is_same ? run : Texts{};
}

}  // namespace

void remember_config(Model& model, const Experiment& experiment, const fs::path& folder) {
  model.config_folder = fs::absolute(folder).lexically_normal();
  Experiment kept = experiment;
  kept.output_dir.clear();
  for_each_input_path(section_of(kept), [&](const std::string&, InputPath& input) {
    input.path =
        portable_path(input.path, model.config_folder).value_or(last_part(input.path).string());
  });
  std::string text = write_config(kept);
  const std::string own = "output_dir: \"\"\n";  // of the run alone: no setting of the model
  if (const size_t at = text.find(own); at != text.npos) text.erase(at, own.size());
  model.manifest.resolved_config = std::move(text);
}

void set_older_defaults(Experiment& experiment) {
  experiment.data.split = "random";
  experiment.data.rare = 0;
}

void find_inputs(const Model& model, const SectionRef& root, ConfigPlaces& places) {
  const Texts remembered = texts_of(model.manifest.resolved_config);
  const Texts run = texts_of_run(model.config_folder, remembered);
  for_each_input_path(root, [&](const std::string& key, InputPath& input) {
    const auto before = remembered.find(key);
    const bool is_remembered =
        before != remembered.end() &&
        input.path == (model.config_folder / before->second).lexically_normal();
    if (!is_remembered || is_there(input.path)) return;
    const auto other = run.find(key);
    if (other != run.end() && is_there(other->second)) {
      input.path = other->second;
    } else {
      places.note_lost(input.path, key);
    }
  });
}

}  // namespace maas
