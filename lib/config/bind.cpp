#include "config/bind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/did_you_mean.h"
#include "config/values.h"

namespace maas {
namespace {

constexpr int64_t kLongestList = 100'000;

std::string join_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

class Binder {
 public:
  Binder(const Field& field, std::string path, std::vector<Problem>& problems)
      : field_(field), path_(std::move(path)), problems_(problems) {}

  void bind(const YamlNode& node) {
    node_ = &node;
    std::visit([this](const auto& target) { assign(target); }, field_.target);
  }

 private:
  bool is_scalar() const { return node_->kind == YamlNode::Kind::kScalar; }

  void complain(const YamlNode& at, const std::string& expected, const std::string& hint = "") {
    const std::string doc = field_.doc_text.empty() ? "" : " (" + field_.doc_text + ")";
    problems_.push_back(
        yaml_problem(at.place, fmt::format("{} is {}{}", path_, kind_text(at), hint), expected,
                     fmt::format("the default is {}{}", value_text(field_), doc)));
  }
  void complain() { complain(*node_, allowed_text(field_)); }

  bool in_range(double value) const {
    return (field_.lowest_open ? value > field_.lowest : value >= field_.lowest) &&
           value <= field_.highest;
  }

  void assign(int64_t* target) {
    const auto value = is_scalar() && !node_->quoted ? parse_integer(node_->scalar) : std::nullopt;
    value&& in_range(static_cast<double>(*value)) ? void(*target = *value) : complain();
  }
  void assign(double* target) {
    const auto value = is_scalar() && !node_->quoted ? parse_number(node_->scalar) : std::nullopt;
    value&& in_range(*value) ? void(*target = *value) : complain();
  }
  void assign(bool* target) {
    const auto value = is_scalar() && !node_->quoted ? parse_flag(node_->scalar) : std::nullopt;
    value ? void(*target = *value) : complain();
  }
  void assign(std::string* target) {
    if (!is_scalar()) return complain();
    const auto& words = field_.choices;
    if (!words.empty() && std::find(words.begin(), words.end(), node_->scalar) == words.end()) {
      return complain(*node_, allowed_text(field_), did_you_mean(node_->scalar, words));
    }
    *target = node_->scalar;
  }
  template <class T>
  void assign(std::optional<T>* target) {
    if (node_->kind == YamlNode::Kind::kNull) {
      target->reset();
      return;
    }
    T value{};
    const size_t before = problems_.size();
    assign(&value);
    if (problems_.size() == before) *target = value;
  }
  void assign(Quantity* target) {
    const auto value = is_scalar() ? parse_quantity(node_->scalar) : std::nullopt;
    const auto& units = field_.units;
    const bool known = value && (units.empty() ||
                                 std::find(units.begin(), units.end(), value->unit) != units.end());
    known&& in_range(value->value) ? void(*target = *value) : complain();
  }
  void assign(InputPath* target) {
    if (!is_scalar() || node_->scalar.empty()) return complain();
    *target = resolve(*node_);
  }
  static InputPath resolve(const YamlNode& node) {
    if (node.scalar == "-") return {node.scalar};
    const std::filesystem::path given(node.scalar);
    const auto& folder = node.place.source->folder;
    const auto whole = given.is_absolute() ? given : folder / given;
    return {std::filesystem::absolute(whole).lexically_normal().string()};
  }
  template <class T>
  void assign(std::vector<T>* target) {
    if (node_->kind != YamlNode::Kind::kList) return complain();
    std::vector<T> values;
    const size_t before = problems_.size();
    const YamlNode& list = *node_;
    for (const YamlNode& item : list.items) {
      node_ = &item;
      T value{};
      assign(&value);
      values.push_back(std::move(value));
    }
    node_ = &list;
    if (problems_.size() == before) *target = std::move(values);
  }
  void assign(std::map<std::string, std::string>* target) {
    if (node_->kind != YamlNode::Kind::kMap) return complain();
    std::map<std::string, std::string> values;
    for (const YamlNode::Entry& entry : node_->entries) {
      if (entry.value.kind != YamlNode::Kind::kScalar)
        return complain(entry.value, "a word or number");
      values[entry.name] = entry.value.scalar;
    }
    *target = std::move(values);
  }
  void assign(const SectionRef& section) {
    if (node_->kind == YamlNode::Kind::kMap) {
      return bind_section(*node_, section, path_, problems_);
    }
    if (!is_scalar() || field_.shorthand_key.empty()) return complain();
    YamlNode map;
    map.kind = YamlNode::Kind::kMap;
    map.place = node_->place;
    map.entries.push_back({field_.shorthand_key, node_->place, *node_});
    bind_section(map, section, path_, problems_);
  }
  void assign(const SectionListRef& list) {
    const auto count = static_cast<int64_t>(node_->items.size());
    if (node_->kind != YamlNode::Kind::kList || count > kLongestList) return complain();
    list.resize(0);
    list.resize(count);
    for (int64_t i = 0; i < count; ++i) {
      const YamlNode& item = node_->items[static_cast<size_t>(i)];
      YamlNode map = item;
      if (item.kind == YamlNode::Kind::kScalar && !field_.shorthand_key.empty()) {
        map = YamlNode{};
        map.kind = YamlNode::Kind::kMap;
        map.place = item.place;
        map.entries.push_back({field_.shorthand_key, item.place, item});
      }
      if (map.kind != YamlNode::Kind::kMap) {
        complain(item, "a map such as {key: value}");
        continue;
      }
      const SectionRef section{nullptr, [&](Fields& fields) { list.describe(i, fields); }};
      bind_section(map, section, fmt::format("{}.{}", path_, i), problems_);
    }
  }

  const Field& field_;
  std::string path_;
  std::vector<Problem>& problems_;
  const YamlNode* node_ = nullptr;
};

bool same_source(const YamlPlace& a, const YamlPlace& b) { return a.source == b.source; }

}  // namespace

void bind_section(const YamlNode& node, const SectionRef& section, const std::string& path,
                  std::vector<Problem>& problems) {
  Fields fields;
  section.describe(fields);
  std::vector<std::string> names;
  for (const auto& field : fields.list) {
    names.push_back(field->name);
    // Selectors are declared first, so that only_for is decided by what was just read.
    const YamlNode::Entry* entry = node.find(field->name);
    if (entry == nullptr) {
      if (field->is_required && applies(*field, fields)) {
        problems.push_back(yaml_problem(node.place,
                                        fmt::format("{} is missing", join_path(path, field->name)),
                                        allowed_text(*field), field->doc_text));
      }
      continue;
    }
    if (applies(*field, fields)) {
      Binder(*field, join_path(path, field->name), problems).bind(entry->value);
      continue;
    }
    const YamlNode::Entry* selector = node.find(field->selector);
    const bool inherited = selector != nullptr && !same_source(selector->place, entry->place);
    if (inherited) continue;  // the base config's, for a kind that was replaced
    problems.push_back(yaml_problem(
        entry->place, fmt::format("{} has no meaning here", join_path(path, field->name)),
        fmt::format("it with {} {} only", join_path(path, field->selector),
                    fmt::join(field->selected_by, " or ")),
        fmt::format("remove it, or change {}", join_path(path, field->selector))));
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (std::find(names.begin(), names.end(), entry.name) != names.end()) continue;
    problems.push_back(yaml_problem(
        entry.place,
        fmt::format("unknown key '{}'{}{}", entry.name, path.empty() ? "" : " under " + path,
                    did_you_mean(entry.name, names)),
        "", fmt::format("`maas config explain{}` lists the keys", path.empty() ? "" : " " + path)));
  }
}

}  // namespace maas
