#include "config/describe_field.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "config/values.h"

namespace maas {
namespace {

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;

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
  const std::string low = number_text(field.lowest), high = number_text(field.highest);
  const bool has_high = std::isfinite(field.highest);
  if (!std::isfinite(field.lowest)) {
    return has_high ? fmt::format("{} of at most {}", noun, high) : noun;
  }
  if (field.lowest_open) {
    return fmt::format("{} above {}{}", noun, low, has_high ? " and at most " + high : "");
  }
  return has_high ? fmt::format("{} from {} to {}", noun, low, high)
                  : fmt::format("{} of at least {}", noun, low);
}

std::string quantity_text(const Field& field) {
  std::vector<std::string> shown;
  for (const std::string& unit : field.units) {
    if (unit == "s") {
      shown.emplace_back("ms, s, m or h");
    } else {
      shown.push_back(unit.empty() ? "no unit" : unit);
    }
  }
  const std::string number = range_text(field, "a number");
  return shown.empty() ? number + ", with or without unit"
                       : fmt::format("{} in {}", number, fmt::join(shown, ", "));
}

template <class T>
constexpr bool kIsList = false;
template <class T>
constexpr bool kIsList<std::vector<T>> = true;

// What one T is called; for lists: what an item is called.
struct AllowedText {
  const Field& field;

  template <class T>
  std::string operator()(const T* value) const {
    if constexpr (kIsList<T>) {
      return (*this)(static_cast<const typename T::value_type*>(nullptr));
    } else {
      return of(value);
    }
  }
  std::string operator()(const SectionRef&) const {
    const std::string& key = field.shorthand_key;
    return key.empty() ? "a map of settings"
                       : fmt::format("a map of settings, or its {} alone", key);
  }
  std::string operator()(const SectionListRef&) const { return "a map such as {key: value}"; }

 private:
  std::string of(const int64_t*) const {
    return field.choices.empty() ? range_text(field, "a whole number") : choices_text();
  }
  std::string of(const double*) const { return range_text(field, "a number"); }
  static std::string of(const bool*) { return "true or false"; }
  std::string of(const std::string*) const {
    return field.choices.empty() ? "text" : choices_text();
  }
  std::string choices_text() const {
    return fmt::format("one of {}", fmt::join(field.choices, ", "));
  }
  static std::string of(const InputPath*) { return "a path"; }
  std::string of(const Quantity*) const { return quantity_text(field); }
  static std::string of(const std::map<std::string, std::string>*) {
    return "a map such as {name: value}";
  }
  template <class T>
  std::string of(const std::optional<T>*) const {
    return of(static_cast<const T*>(nullptr)) + ", or null";
  }
};

struct ExampleText {
  const Field& field;

  std::string operator()(const std::vector<int64_t>*) const { return "[128, 64]"; }
  std::string operator()(const std::vector<double>*) const { return "[1, 0.5]"; }
  std::string operator()(const std::vector<std::string>*) const {
    return field.choices.empty() ? "[one, another]" : "[" + field.choices.front() + "]";
  }
  std::string operator()(const std::vector<InputPath>*) const { return "[one.csv, another.csv]"; }
  std::string operator()(const SectionListRef&) const { return "[{key: value}]"; }
  std::string operator()(const SectionRef&) const { return "{key: value}"; }
  template <class T>
  std::string operator()(const T*) const {
    return "";
  }
};

bool is_list(const Field& field) {
  return std::visit(
      [](const auto& target) {
        using T = std::decay_t<decltype(target)>;
        return std::is_same_v<T, SectionListRef> || kIsList<std::remove_pointer_t<T>>;
      },
      field.target);
}

}  // namespace

std::string value_text(const Field& field) { return std::visit(ValueText{}, field.target); }

std::string example_text(const Field& field) {
  return std::visit(ExampleText{field}, field.target);
}

std::string allowed_item_text(const Field& field) {
  return std::visit(AllowedText{field}, field.target);
}

std::string allowed_text(const Field& field) {
  std::string item = allowed_item_text(field);
  if (!is_list(field)) return item;
  if (std::holds_alternative<SectionListRef>(field.target)) {
    return "a list of maps such as " + example_text(field);
  }
  std::string list = fmt::format("a list such as {} with {} each", example_text(field), item);
  if (field.takes_one) return item + ", or " + list;
  if (field.lone_words.empty()) return list;
  return fmt::format("{}, or {}", fmt::join(field.lone_words, ", "), list);
}

void write_value(JsonWriter& json, const InputPath& path) { json.value(path.path); }

void write_value(JsonWriter& json, const Quantity& quantity) {
  if (quantity.unit.empty()) {
    json.value(quantity.value);
  } else {
    json.value(to_text(quantity));
  }
}

bool is_section(const Field& field) {
  return std::holds_alternative<SectionRef>(field.target) ||
         std::holds_alternative<SectionListRef>(field.target);
}

bool is_absent(const Field& field) {
  return std::visit(
      [](const auto& target) {
        using T = std::remove_pointer_t<std::decay_t<decltype(target)>>;
        if constexpr (kIsOptional<T>) return !target->has_value();
        if constexpr (std::is_same_v<T, InputPath>) return target->path.empty();
        return false;
      },
      field.target);
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

bool takes_fractions(const Field& field) {
  return std::holds_alternative<double*>(field.target) ||
         std::holds_alternative<std::optional<double>*>(field.target);
}

bool is_written(const Field& field, const Fields& siblings) {
  if (is_absent(field) || !applies(field, siblings)) return false;
  return std::ranges::none_of(siblings.list, [&](const auto& sibling) {
    return sibling->name == field.moot_beside && !is_absent(*sibling);
  });
}

}  // namespace maas
