// The vocabulary in which a config struct declares its settings, once.
//
//   struct OptimizerConfig {
//     std::string type = "adamw";
//     double momentum = 0;
//     void describe(Fields& field) {
//       field("type", type).one_of({"sgd", "adamw"}).doc("update rule");
//       field("momentum", momentum).between(0, 0.9999).only_for("type", {"sgd"}).doc("...");
//     }
//   };
//
// One call of describe() lists the settings with pointers to their values; the reader, the writer,
// the explainer and the JSON Schema all work from that list (read_config.h, write_config.h, ...).
// A struct lives beside what it configures; it holds the defaults as member initialisers.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace maas {

class Fields;

// A number with an optional unit: "5%", "1 epoch", "200 steps", "10m", "5k", 3.
// Suffixes k and M multiply; ms, s, m, h become unit "s" (seconds); % becomes unit "%" (value 5 for
// 5%).
struct Quantity {
  double value = 0;
  std::string unit;  // "", "%", "epochs", "steps", "s"
  bool operator==(const Quantity&) const = default;
};
std::string to_text(const Quantity& quantity);

// A path to an input. Relative ones in a YAML file count from that file's folder; those from the
// command line count from the working directory. Read values are absolute and normalised.
struct InputPath {
  std::string path;  // "" = not given
  bool operator==(const InputPath&) const = default;
};

// A nested struct, or a list of them, with the type erased.
struct SectionRef {
  void* object = nullptr;
  std::function<void(Fields&)> describe;  // of the one nested struct
};
struct SectionListRef {
  std::function<int64_t()> size;
  std::function<void(int64_t)> resize;             // new items have the defaults
  std::function<void(int64_t, Fields&)> describe;  // of item i
};

using FieldTarget =
    std::variant<int64_t*, double*, bool*, std::string*, std::optional<int64_t>*,
                 std::optional<double>*, std::vector<int64_t>*, std::vector<double>*,
                 std::vector<std::string>*, std::map<std::string, std::string>*, Quantity*,
                 std::optional<Quantity>*, InputPath*, std::vector<InputPath>*, SectionRef,
                 SectionListRef>;

// One setting as declared.
struct Field {
  std::string name;
  FieldTarget target;
  std::string doc_text;  // one line; units and what zero means
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
  bool lowest_open = false;              // true: the bound itself is not allowed
  std::vector<std::string> choices;      // allowed words, in order; empty = any
  std::vector<std::string> units;        // allowed Quantity units
  std::string selector;                  // sibling that decides whether this one applies
  std::vector<std::string> selected_by;  // its values for which this one applies
  std::string shorthand_key;             // section: a bare scalar means {key: scalar}
  std::vector<std::string> lone_words;   // list of texts: these mean themselves without brackets
  bool takes_one = false;                // list of texts: one item may stand without brackets
  // List of sections: {word: value} means {shorthand_key: word, ...}, the value being the setting
  // that is named here ("" = it has none), or a map of settings.
  std::map<std::string, std::string> word_keys;
  std::vector<std::string> replaced;  // siblings that it replaces where a later config gives it
  std::string moot_beside;            // sibling beside which it means nothing once that is given
  bool is_required = false;

  Field& doc(std::string text);
  Field& at_least(double bound);
  Field& above(double bound);
  Field& between(double low, double high);  // both included
  // Of whole numbers: their digits.
  Field& one_of(std::vector<std::string> words);
  Field& in_units(std::vector<std::string> names);
  // Applies only while sibling `key` (declared before this one) has one of `values`; given
  // elsewhere it is an error that names the values. Not written to resolved configs elsewhere.
  Field& only_for(std::string key, std::vector<std::string> values);
  Field& shorthand(std::string key);
  // Of a list of texts: one of `words` may stand alone, and is then the list's only item.
  Field& or_alone(std::vector<std::string> words);
  // Of a list of texts: any item may stand alone.
  Field& or_one();
  // Of a list of sections with a shorthand: `conv: 32` for {type: conv, size: 32}, where `keys` has
  // {"conv", "size"}; {conv: 32, kernel: 5} and {conv: {kernel: 5}} mean what they look like.
  Field& worded(std::map<std::string, std::string> keys);
  // Given by a later config or the command line, it takes the place of siblings `keys` of earlier
  // ones: of two that exclude each other the later is meant. 0 and null replace nothing.
  Field& instead_of(std::vector<std::string> keys);
  // Means nothing once sibling `key` is given: not written to resolved configs then.
  Field& unless(std::string key);
  Field& required();
};

// Collects the declarations of one struct.
class Fields {
 public:
  template <class T>
  Field& operator()(const std::string& name, T& value);

  std::vector<std::unique_ptr<Field>> list;

 private:
  Field& add(const std::string& name, FieldTarget target);
};

template <class T>
concept DescribedConfig = requires(T& config, Fields& fields) {
  config.describe(fields);
};

template <class T>
FieldTarget field_target(T& value) {
  if constexpr (DescribedConfig<T>) {
    return SectionRef{&value, [&value](Fields& fields) { value.describe(fields); }};
  } else if constexpr (std::is_constructible_v<FieldTarget, T*>) {
    return FieldTarget(&value);
  } else {  // std::vector of described structs
    return SectionListRef{[&value] { return static_cast<int64_t>(value.size()); },
                          [&value](int64_t size) { value.resize(static_cast<size_t>(size)); },
                          [&value](int64_t i, Fields& fields) { value[i].describe(fields); }};
  }
}

template <class T>
Field& Fields::operator()(const std::string& name, T& value) {
  return add(name, field_target(value));
}

// The whole of `config`, which must outlive the result.
template <DescribedConfig T>
SectionRef section_of(T& config) {
  return {&config, [&config](Fields& fields) { config.describe(fields); }};
}

}  // namespace maas
