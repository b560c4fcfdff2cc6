// maas config check|show|explain|schema -- everything about configs, without running one.
#include <fmt/format.h>

#include "base/did_you_mean.h"
#include "base/json_writer.h"
#include "command.h"
#include "config/explain_config.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "train/experiment.h"

namespace maas {
namespace {

class Config : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("action", action_, "check, show, explain or schema")->required();
    app.add_option("what", words_, "a config and key=value overrides, or a key to explain");
    app.add_flag("--comments", comments_, "show: each setting with its meaning");
  }

  int run(Output& output) override {
    Experiment defaults;
    const SectionRef root{&defaults, [&](Fields& fields) { defaults.describe(fields); }};
    if (action_ == "explain") {
      output.result(explain_config(root, words_.empty() ? "" : words_[0]));
      return 0;
    }
    if (action_ == "schema") {
      output.result(config_json_schema(root, "maas config"));
      return 0;
    }
    if (action_ != "check" && action_ != "show") unknown_action();
    if (words_.empty()) {
      throw Error(ErrorKind::kUsage, Problem{"command line", "no config", "a YAML file",
                                             "name one: maas config " + action_ + " my.yaml", ""});
    }
    auto experiment = read_config<Experiment>({.file = words_[0],
                                               .text = "",
                                               .text_name = "",
                                               .overrides = {words_.begin() + 1, words_.end()}});
    if (action_ == "show") {
      output.result(write_config(experiment, {.comments = comments_}));
    } else if (output.json()) {
      output.result(R"({"verb":"config","config":)" + json_quote(words_[0]) + R"(,"ok":true})");
    } else {
      output.result(words_[0] + ": ok");
    }
    return 0;
  }

 private:
  [[noreturn]] void unknown_action() const {
    throw Error(ErrorKind::kUsage,
                Problem{"command line",
                        fmt::format("unknown action '{}'{}", action_,
                                    did_you_mean(action_, {"check", "show", "explain", "schema"})),
                        "check, show, explain or schema", "see `maas config --help`", ""});
  }

  std::string action_;
  std::vector<std::string> words_;
  bool comments_ = false;
};

}  // namespace

std::unique_ptr<Command> make_config() { return std::make_unique<Config>(); }

}  // namespace maas
