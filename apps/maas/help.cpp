#include "help.h"

#include <fmt/format.h>

#include "base/did_you_mean.h"

namespace maas {
namespace {

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const CommandRow& row : commands()) names.emplace_back(row.name);
  return names;
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names = {"--help"};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The first argument that looks like a flag and is none.
std::string unknown_flag(const CLI::App& app, const std::vector<std::string>& arguments) {
  const std::vector<std::string> known = flag_names(app);
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (name.rfind("--", 0) == 0 && name.size() > 2 &&
        std::find(known.begin(), known.end(), name) == known.end()) {
      return name;
    }
  }
  return "";
}

}  // namespace

std::string short_help() {
  return "maas: train, evaluate and serve models, from data to a service in one program.\n"
         "\n"
         "  maas train configs/mnist_mlp.yaml              # learn from the data that it names\n"
         "  maas eval runs/mnist_mlp/model.pt              # how good is it?\n"
         "  maas serve runs/mnist_mlp/model.pt --port 8000 # answer requests over HTTP\n"
         "\n"
         "Start from your own data:  maas init csv table.csv\n"
         "Look into a model:         maas inspect model.pt\n"
         "Check this machine:        maas doctor\n"
         "All verbs:                 maas --help\n"
         "Help on one:               maas train --help\n";
}

std::string long_help() {
  std::string text = "maas <verb> <what> [key=value ...] [--flags]\n\n";
  for (const CommandRow& row : commands())
    text += fmt::format("  {:<11} {}\n", row.name, row.summary);
  text +=
      "\nEvery verb has --help with examples, --json for one JSON object on stdout, --quiet, -v,\n"
      "--no-color and --debug. Exit codes: 0 ok, 1 failed, 2 usage or config, 3 missing or\n"
      "corrupt input, 4 resources, 5 diverged, 6 a required check was not met, 70 internal,\n"
      "75 interrupted and resumable.\n";
  return text;
}

std::string verb_help(const CommandRow& row, const CLI::App& app) {
  std::string text = fmt::format("{}\nmaas {}: {}\n", row.examples, row.name, row.summary);
  const std::string all = app.help();
  const size_t options = all.find("Positionals:");
  return text + "\n" + all.substr(options != all.npos ? options : all.find("Options:"));
}

void declare_common(CLI::App& app, OutputOptions& options) {
  app.add_flag("--json", options.json, "print one JSON object, errors too")->group("Output");
  app.add_flag("-q,--quiet", options.quiet, "say nothing but errors")->group("Output");
  app.add_flag("-v,--verbose", options.verbosity, "say more; -vv even more")->group("Output");
  app.add_flag("--no-color", options.no_color, "no colours (also NO_COLOR=1)")->group("Output");
  app.add_flag("--debug", options.debug, "causes of internal errors in full")->group("Output");
}

Error usage_error(const CommandRow& row, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments) {
  Problem problem;
  problem.where = "command line";
  problem.fix = fmt::format("see `maas {} --help`", row.name);
  const std::string flag = unknown_flag(app, arguments);
  if (!flag.empty()) {
    problem.what = fmt::format("unknown flag '{}'{}", flag, did_you_mean(flag, flag_names(app)));
  } else {
    problem.what = error.what();
    if (!problem.what.empty()) problem.what[0] = static_cast<char>(std::tolower(problem.what[0]));
  }
  return {ErrorKind::kUsage, problem};
}

Error unknown_verb(const std::string& verb) {
  return {ErrorKind::kUsage,
          Problem{"command line",
                  fmt::format("unknown verb '{}'{}", verb, did_you_mean(verb, verb_names())), "",
                  "`maas --help` lists the verbs", ""}};
}

}  // namespace maas
