// Fault C05: every setting of a config struct with every odd value, in one process, so that
// hundreds of cases take seconds.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/read_config.h"
#include "config/walk_fields.h"
#include "config/write_config.h"

namespace maas {

// A config as a tree, written in flow style: {data: {type: csv, label: null}}.
class FlowConfig {
 public:
  void set(const std::string& key, const std::string& value) {
    const size_t dot = key.find('.');
    if (dot == key.npos) {
      children_[key].value_ = value;
    } else {
      children_[key.substr(0, dot)].set(key.substr(dot + 1), value);
    }
  }
  std::string text() const {
    if (!value_.empty()) return value_;
    const bool is_list = children_.count("0") > 0;
    std::string text;
    for (const auto& [name, child] : children_) {
      text += (text.empty() ? "" : ", ") + (is_list ? "" : name + ": ") + child.text();
    }
    return is_list ? "[" + text + "]" : "{" + text + "}";
  }

 private:
  std::map<std::string, FlowConfig> children_;
  std::string value_;
};

struct Setting {
  std::string key;                                         // "model.layers.0.size"
  std::vector<std::pair<std::string, std::string>> needs;  // others, for which it applies
};

inline std::vector<Setting> every_setting(const SectionRef& root) {
  std::map<std::string, Setting> known;
  std::vector<Setting> in_order;
  const auto parent_of = [](const std::string& key) { return key.substr(0, key.rfind('.')); };
  walk_fields(root, [&](const std::string& name, const Field& field) {
    Setting setting;
    setting.key = name;
    for (size_t at; (at = setting.key.find(".N")) != std::string::npos;) {
      setting.key.replace(at, 2, ".0");
    }
    const std::string parent = parent_of(setting.key);
    const auto around = known.find(parent.ends_with(".0") ? parent_of(parent) : parent);
    if (around != known.end()) setting.needs = around->second.needs;
    if (!field.selector.empty()) {
      const std::string selector =
          parent == setting.key ? field.selector : parent + "." + field.selector;
      for (const auto& need : known.at(selector).needs) setting.needs.push_back(need);
      setting.needs.emplace_back(selector, field.selected_by.front());
    }
    known[setting.key] = setting;
    in_order.push_back(setting);
  });
  return in_order;
}

inline const std::vector<std::string>& odd_values() {
  static const std::vector<std::string> values = {"null",
                                                  "\"\"",
                                                  "{}",
                                                  "[]",
                                                  "-1",
                                                  "0",
                                                  "1",
                                                  "1e30",
                                                  "9000000000000000000",
                                                  "true",
                                                  "[[]]",
                                                  "[9000000000000000000]",
                                                  std::string(20000, 'x')};
  return values;
}

inline ConfigSource text_source(const std::string& text, std::vector<std::string> overrides = {}) {
  return {.file = "", .text = text, .text_name = "a.yaml", .overrides = std::move(overrides)};
}

// The config; nothing when it was refused as it should be: exit 2, each problem with its place.
template <class T>
std::optional<T> taken_or_refused(const ConfigSource& source, const std::string& place) {
  try {
    return read_config<T>(source);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    for (const Problem& problem : error.problems()) {
      EXPECT_THAT(problem.where, testing::StartsWith(place)) << error.what();
      EXPECT_LT(problem.text().size(), 1500U);
      EXPECT_NE(problem.what, "");
    }
    return std::nullopt;
  }
}

struct OddCounts {
  int taken = 0, refused = 0;
};

// In the file and on the command line alike, but for null; what is taken is the same when written
// and read back. `base(setting)` is a right config in which the setting applies.
template <class T, class Base>
OddCounts expect_all_taken_or_refused(const Base& base) {
  OddCounts counts;
  T defaults;
  for (const Setting& setting : every_setting(section_of(defaults))) {
    for (const std::string& value : odd_values()) {
      SCOPED_TRACE(setting.key + "=" + value.substr(0, 20));
      FlowConfig config = base(setting);
      const auto over = taken_or_refused<T>(text_source(config.text(), {setting.key + "=" + value}),
                                            "command line: ");
      config.set(setting.key, value);
      auto given = taken_or_refused<T>(text_source(config.text()), "a.yaml:1:");
      // On the command line null takes the setting back.
      EXPECT_TRUE(value == "null" || given.has_value() == over.has_value());
      (given ? counts.taken : counts.refused) += 1;
      if (!given) continue;
      const std::string text = write_config(*given);
      T again = read_config<T>(text_source(text));
      EXPECT_EQ(write_config(again), text);
    }
  }
  return counts;
}

}  // namespace maas
