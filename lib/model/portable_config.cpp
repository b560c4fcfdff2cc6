#include "model/portable_config.h"

#include <set>

#include "base/portable_path.h"
#include "config/values.h"
#include "config/yaml_document.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

// Replaces lines, of which each holds one setting.
class Rewrite {
 public:
  Rewrite(YamlSource& source, const fs::path& folder) : lines_(source.lines), folder_(folder) {}

  void visit(const YamlNode& node) {
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.name == "output_dir") {
        dropped_.insert(entry.place.line);
      } else if (is_input(entry)) {
        replace(entry.value);
      }
      visit(entry.value);
    }
    for (const YamlNode& item : node.items) visit(item);
  }

  bool changed() const { return changed_ || !dropped_.empty(); }

  std::string text() const {
    std::string text;
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (dropped_.count(static_cast<int>(i + 1)) == 0) text += lines_[i] + "\n";
    }
    return text;
  }

 private:
  // The settings of format 1 that are paths of inputs.
  static bool is_input(const YamlNode::Entry& entry) {
    static const std::set<std::string> kInputs = {"path", "images", "labels", "from"};
    return kInputs.count(entry.name) > 0 && entry.value.kind == YamlNode::Kind::kScalar &&
           entry.value.scalar.starts_with("/");
  }

  void replace(const YamlNode& value) {
    std::string& line = lines_.at(static_cast<size_t>(value.place.line - 1));
    const auto column = static_cast<size_t>(value.place.column - 1);
    if (line.substr(column) != yaml_scalar(value.scalar)) return;  // not by write_config
    const fs::path path = value.scalar;
    const std::string kept = portable_path(path, folder_).value_or(path.filename().string());
    line = line.substr(0, column) + yaml_scalar(kept);
    changed_ = true;
  }

  std::vector<std::string> lines_;
  bool changed_ = false;
  std::set<int> dropped_;  // numbers of lines, from 1
  const fs::path& folder_;
};

}  // namespace

std::string portable_config(const std::string& yaml, const fs::path& folder) {
  const auto source = std::make_shared<YamlSource>();
  Findings findings;
  const auto tree = parse_yaml(yaml, source, findings);
  if (!tree || !findings.empty()) return yaml;
  Rewrite rewrite(*source, folder);
  rewrite.visit(*tree);
  return rewrite.changed() ? rewrite.text() : yaml;
}

}  // namespace maas
