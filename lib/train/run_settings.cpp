#include "train/run_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/shell_word.h"
#include "config/flatten_config.h"
#include "train/remembered_config.h"

namespace maas {
namespace {

constexpr size_t kMostRows = 20;

void keep_name(InputPath& path) {
  path.path = std::filesystem::path(path.path).filename().string();
}

// Settings that came later, and what was done before: set_older_defaults(), and what is off.
RunSettings settings_before() {
  Experiment older;
  older.data.type = "csv";
  set_older_defaults(older);
  RunSettings all = flatten_config(older), before;
  for (const char* name : {"data.split", "data.group", "data.order", "data.rare", "data.dates",
                           "train.folds", "data.missing_label", "model.head"}) {
    before[name] = all.at(name);
  }
  before["data.cache"] = DataConfig{}.cache;  // of images, where tables have the others
  return before;
}

// The same for the layers of a network that was spelt out.
RunSettings layers_before(const RunSettings& written) {
  const std::string prefix = "model.layers.", ending = ".type";
  RunSettings before;
  for (const auto& [name, type] : written) {
    if (!name.starts_with(prefix) || !name.ends_with(ending)) continue;
    LayerConfig layer;
    layer.type = type;
    const std::string place = name.substr(0, name.size() - ending.size() + 1);
    for (const auto& [setting, value] : flatten_config(layer)) before[place + setting] = value;
  }
  return before;
}

// How to build a network was written beside model.from once, where it means nothing.
void erase_built(RunSettings& written) {
  std::erase_if(written, [](const auto& setting) {
    return setting.first.starts_with("model.") && setting.first != "model.from" &&
           setting.first != "model.head";
  });
}

std::string value_of(const RunSettings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "-" : found->second;
}

std::string table_of(const RunSettings& before, const RunSettings& now,
                     const std::vector<std::string>& names) {
  size_t name_width = std::string("setting").size(),
         value_width = std::string("started with").size();
  for (const std::string& name : names) {
    name_width = std::max(name_width, name.size());
    value_width = std::max(value_width, value_of(before, name).size());
  }
  std::string table = fmt::format("  {:<{}}  {:<{}}  {}", "setting", name_width, "started with",
                                  value_width, "now");
  for (size_t i = 0; i < std::min(names.size(), kMostRows); ++i) {
    table += fmt::format("\n  {:<{}}  {:<{}}  {}", names[i], name_width, value_of(before, names[i]),
                         value_width, value_of(now, names[i]));
  }
  if (names.size() > kMostRows) table += fmt::format("\n  ... {} more", names.size() - kMostRows);
  return table;
}

}  // namespace

RunSettings run_settings(const Experiment& experiment) {
  Experiment fixed = experiment;
  fixed.output_dir.clear();
  fixed.train.threads = 0;
  fixed.train.log_every = 1;
  fixed.train.checkpoint = {};
  fixed.data.prefetch = true;
  fixed.data.cache = DataConfig{}.cache;
  for (SourceConfig* source :
       {&fixed.data.train, &fixed.data.test, &fixed.data.validation_source}) {
    for (InputPath* path : {&source->images, &source->labels, &source->path}) keep_name(*path);
  }
  keep_name(fixed.model.from);
  return flatten_config(fixed);
}

void check_same_settings(const RunSettings& written, const RunSettings& now,
                         const std::string& where) {
  RunSettings started_with = written;
  for (const RunSettings& older : {settings_before(), layers_before(written)}) {
    for (const auto& [name, value] : older) {
      if (now.contains(name)) started_with.emplace(name, value);
    }
  }
  if (now.contains("model.from")) erase_built(started_with);
  std::set<std::string> all;
  for (const RunSettings* settings : {&std::as_const(started_with), &now}) {
    for (const auto& [name, value] : *settings) all.insert(name);
  }
  std::vector<std::string> differing;
  std::copy_if(all.begin(), all.end(), std::back_inserter(differing), [&](const std::string& name) {
    const bool is_length = name == "train.epochs" || name == "train.steps";
    return !is_length && value_of(started_with, name) != value_of(now, name);
  });
  if (differing.empty()) return;
  throw Error(ErrorKind::kUsage,
              {.where = where,
               .what = fmt::format("the run was started with other settings: {} differ{}",
                                   differing.size(), differing.size() == 1 ? "s" : ""),
               .expected = "the settings that it was started with; only train.epochs and "
                           "train.steps may be more",
               .fix = fmt::format("go on with `maas train --resume {0}`, or start a new run from "
                                  "what it has learnt: model.from={0}/model.pt",
                                  shell_word(where)),
               .excerpt = table_of(started_with, now, differing)});
}

}  // namespace maas
