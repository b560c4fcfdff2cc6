// What fields say about themselves, shared by messages, help and the schema.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/bind.h"
#include "config/values.h"

namespace maas {
namespace {

template <class T>
std::string list_text(const std::vector<T>& items) {
  std::vector<std::string> texts;
  for (const T& item : items) {
    if constexpr (std::is_same_v<T, std::string>)
      texts.push_back(yaml_scalar(item));
    else if constexpr (std::is_same_v<T, InputPath>)
      texts.push_back(yaml_scalar(item.path));
    else if constexpr (std::is_same_v<T, double>)
      texts.push_back(number_text(item));
    else
      texts.push_back(std::to_string(item));
  }
  return fmt::format("[{}]", fmt::join(texts, ", "));
}

struct ValueText {
  std::string operator()(const int64_t* value) const { return std::to_string(*value); }
  std::string operator()(const double* value) const { return number_text(*value); }
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const std::string* value) const { return yaml_scalar(*value); }
  std::string operator()(const std::optional<int64_t>* value) const {
    return *value ? std::to_string(**value) : "null";
  }
  std::string operator()(const std::optional<double>* value) const {
    return *value ? number_text(**value) : "null";
  }
  std::string operator()(const Quantity* value) const { return to_text(*value); }
  std::string operator()(const std::optional<Quantity>* value) const {
    return *value ? to_text(**value) : "null";
  }
  std::string operator()(const InputPath* value) const {
    return value->path.empty() ? "null" : yaml_scalar(value->path);
  }
  std::string operator()(const std::map<std::string, std::string>* value) const {
    std::string text;
    for (const auto& [key, entry] : *value) {
      text +=
          fmt::format("{}{}: {}", text.empty() ? "" : ", ", yaml_scalar(key), yaml_scalar(entry));
    }
    return "{" + text + "}";
  }
  template <class T>
  std::string operator()(const std::vector<T>* value) const {
    return list_text(*value);
  }
  std::string operator()(const SectionRef&) const { return "{...}"; }
  std::string operator()(const SectionListRef&) const { return "[...]"; }
};

std::string range_text(const Field& field, const std::string& noun) {
  const bool low = std::isfinite(field.lowest), high = std::isfinite(field.highest);
  if (low && high) {
    return fmt::format("{} from {} to {}", noun, number_text(field.lowest),
                       number_text(field.highest));
  }
  if (low && field.lowest_open) return fmt::format("{} above {}", noun, number_text(field.lowest));
  if (low) return fmt::format("{} of at least {}", noun, number_text(field.lowest));
  return noun;
}

}  // namespace

std::string value_text(const Field& field) { return std::visit(ValueText{}, field.target); }

std::string allowed_text(const Field& field) {
  const auto holds = [&](auto* tag) {
    return std::holds_alternative<std::remove_pointer_t<decltype(tag)>*>(field.target);
  };
  const FieldTarget& t = field.target;
  if (!field.choices.empty()) return fmt::format("one of {}", fmt::join(field.choices, ", "));
  if (holds(static_cast<int64_t*>(nullptr)) || std::holds_alternative<std::optional<int64_t>*>(t)) {
    return range_text(field, "a whole number");
  }
  if (std::holds_alternative<double*>(t) || std::holds_alternative<std::optional<double>*>(t)) {
    return range_text(field, "a number");
  }
  if (std::holds_alternative<bool*>(t)) return "true or false";
  if (std::holds_alternative<Quantity*>(t) || std::holds_alternative<std::optional<Quantity>*>(t)) {
    std::vector<std::string> shown;
    for (const std::string& unit : field.units) shown.push_back(unit.empty() ? "no unit" : unit);
    return range_text(field, "a number") +
           (shown.empty() ? "" : fmt::format(" in {}", fmt::join(shown, ", ")));
  }
  if (std::holds_alternative<std::vector<int64_t>*>(t)) {
    return range_text(field, "a list of whole numbers such as [128, 64], each");
  }
  if (std::holds_alternative<std::vector<double>*>(t)) return "a list of numbers such as [1, 0.5]";
  if (std::holds_alternative<std::vector<std::string>*>(t)) return "a list of words such as [a, b]";
  if (std::holds_alternative<std::vector<InputPath>*>(t)) return "a list of paths";
  if (std::holds_alternative<std::map<std::string, std::string>*>(t)) {
    return "a map such as {name: value}";
  }
  if (std::holds_alternative<InputPath*>(t)) return "a path";
  if (std::holds_alternative<SectionRef>(t)) return "a map of settings";
  if (std::holds_alternative<SectionListRef>(t)) return "a list of maps such as [{key: value}]";
  return "text";
}

bool applies(const Field& field, const Fields& siblings) {
  if (field.selector.empty()) return true;
  for (const auto& sibling : siblings.list) {
    if (sibling->name != field.selector) continue;
    const auto* const* text = std::get_if<std::string*>(&sibling->target);
    return text != nullptr && std::find(field.selected_by.begin(), field.selected_by.end(),
                                        **text) != field.selected_by.end();
  }
  return false;
}

}  // namespace maas
