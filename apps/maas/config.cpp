// maas config check|show|explain|schema -- everything about configs, without running one.
//
// Reads   a config and those that it extends.
// Prints  check: that it is right; show: every setting; explain: what settings mean;
//         schema: a JSON Schema for editors.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/shell_word.h"
#include "command.h"
#include "config/explain_config.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "config_file.h"
#include "serve/server.h"

namespace maas {
namespace {

class Config : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("action", action_, "check, show, explain or schema")
        ->required()
        ->check(CLI::IsMember({"check", "show", "explain", "schema"}));
    app.add_option("what", words_, "a config and key=value overrides, or a key to explain");
    app.add_flag("--comments", comments_, "show: each setting with its meaning");
  }

  int run(Output& output) override {
    if (action_ == "schema") return schema(output);
    if (action_ == "explain") return explain(output);
    if (words_.empty()) {
      throw Error(ErrorKind::kUsage, Problem{"command line", "no config", "a YAML file",
                                             "name one: maas config " + action_ + " my.yaml", ""});
    }
    ConfigFile config;
    const ConfigPlaces places = read_config(
        {.file = words_[0], .overrides = {words_.begin() + 1, words_.end()}}, section_of(config));
    return action_ == "show" ? show(config, output) : check(config, places, output);
  }

 private:
  void at_most(size_t most) const {
    if (words_.size() <= most) return;
    throw Error(ErrorKind::kUsage,
                Problem{"command line", fmt::format("'{}' is one argument too many", words_[most]),
                        most == 0 ? "none" : "one key", "see `maas config --help`", ""});
  }

  int schema(Output& output) const {
    at_most(0);
    ConfigFile defaults;
    output.result(config_json_schema(section_of(defaults), "maas config"));
    return 0;
  }

  int explain(Output& output) const {
    at_most(1);
    ConfigFile defaults;
    const std::string key = words_.empty() ? "" : words_[0];
    if (!output.json()) {
      output.result(explain_config(section_of(defaults), key));
      return 0;
    }
    JsonWriter json;
    json.begin_object().field("verb", "config").field("key", key).key("settings");
    json.raw(explain_config_json(section_of(defaults), key)).end_object();
    output.result(json.text());
    return 0;
  }

  int show(ConfigFile& config, Output& output) const {
    if (!output.json()) {
      output.result(write_config(config, {.comments = comments_}));
      return 0;
    }
    JsonWriter json;
    json.begin_object().field("verb", "config").field("config", words_[0]).key("settings");
    json.raw(write_config_json(section_of(config))).end_object();
    output.result(json.text());
    return 0;
  }

  int check(const ConfigFile& config, const ConfigPlaces& places, Output& output) const {
    const bool trains = trains_or_says_nothing(places);
    with_places(places, [&] {
      if (trains) check_experiment(config.experiment);
      if (places.has("serve")) check_serve_config(config.serve);
    });
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "config").field("config", words_[0]).field("ok", true);
      output.result(json.end_object().text());
      return 0;
    }
    output.result(words_[0] + ": ok");
    output.say(trains ? fmt::format("next: maas train {} --dry-run   # tries its data and network",
                                    shell_words(words_))
                      : fmt::format("it has nothing for training: what was checked is {}",
                                    fmt::join(sections_of_verbs(places), ", ")));
    return 0;
  }

  // Sections of the verbs that take a model: a file of these alone is none for training.
  static std::vector<std::string> sections_of_verbs(const ConfigPlaces& places) {
    std::vector<std::string> given;
    for (const char* section : {"prune", "quantize", "distill", "gate", "serve"}) {
      if (places.has(section)) given.emplace_back(section);
    }
    return given;
  }

  static bool trains_or_says_nothing(const ConfigPlaces& places) {
    Experiment experiment;
    Fields fields;
    experiment.describe(fields);
    return sections_of_verbs(places).empty() ||
           std::any_of(fields.list.begin(), fields.list.end(),
                       [&](const auto& field) { return places.has(field->name); });
  }

  std::string action_;
  std::vector<std::string> words_;
  bool comments_ = false;
};

}  // namespace

std::unique_ptr<Command> make_config() { return std::make_unique<Config>(); }

}  // namespace maas
