#include "help.h"

#include <fmt/format.h>

namespace maas {

std::string short_help() {
  return "maas: train, evaluate and serve models, from data to a service in one program.\n"
         "\n"
         "  maas train configs/mnist_mlp.yaml              # learn from the data that it names\n"
         "  maas eval runs/mnist_mlp/model.pt              # how good is it?\n"
         "  maas serve runs/mnist_mlp/model.pt --port 8000 # answer requests over HTTP\n"
         "\n"
         "Start from your own data:  maas init csv table.csv\n"
         "Look into a model:         maas inspect model.pt\n"
         "Which settings there are:  maas config explain\n"
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
  const size_t lists =
      std::min({all.find("Positionals:"), all.find("Options:"), all.find("Output:")});
  return text + "\n" + all.substr(lists);
}

}  // namespace maas
