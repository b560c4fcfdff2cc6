#include "help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_writer.h"
#include "usage.h"

namespace maas {

namespace {

void write_argument(JsonWriter& json, const VerbArgument& argument) {
  json.begin_object().key("names").begin_array();
  for (const std::string& name : argument.names) json.value(name);
  json.end_array().field("meaning", argument.meaning).field("required", argument.is_required);
  json.field("flag", argument.is_flag).field("takes_value", argument.takes_value);
  if (!argument.choices.empty()) {
    json.key("choices").begin_array();
    for (const std::string& word : argument.choices) json.value(word);
    json.end_array();
  }
  json.end_object();
}

void write_verb(JsonWriter& json, const CommandRow& row, const CLI::App& app) {
  json.begin_object().field("verb", row.name).field("summary", row.summary);
  json.key("examples").begin_array();
  const std::string_view lines = row.examples;
  for (size_t start = 0; start < lines.size();) {
    const size_t end = std::min(lines.find('\n', start), lines.size());
    json.value(lines.substr(start, end - start).substr(2));  // after the indentation
    start = end + 1;
  }
  json.end_array().key("arguments").begin_array();
  for (const VerbArgument& argument : arguments_of(app)) write_argument(json, argument);
  json.end_array().end_object();
}

enum class Part { kArguments, kFlags, kCommonFlags };

Part part_of(const VerbArgument& argument) {
  if (!argument.is_flag) return Part::kArguments;
  return argument.is_common ? Part::kCommonFlags : Part::kFlags;
}

// "  -o, --output TEXT       run folder, instead of output_dir".
std::string argument_line(const VerbArgument& argument) {
  std::string name = fmt::format("{}", fmt::join(argument.names, ", "));
  if (argument.takes_value && argument.choices.empty()) name += argument.is_number ? " N" : " TEXT";
  if (!argument.choices.empty()) name += fmt::format(" {}", fmt::join(argument.choices, "|"));
  if (argument.names.size() == 1 && argument.is_flag) name = "    " + name;
  constexpr size_t kColumn = 26;
  if (name.size() + 4 <= kColumn)
    return fmt::format("  {:<{}}{}\n", name, kColumn - 2, argument.meaning);
  return fmt::format("  {}\n{:<{}}{}\n", name, "", kColumn, argument.meaning);
}

}  // namespace

std::string short_help() {
  return "maas: train, evaluate and serve models, from data to a service in one program.\n"
         "\n"
         "  maas train configs/mnist_mlp.yaml              # learn from its data\n"
         "  maas eval runs/mnist_mlp/model.pt              # how good is it?\n"
         "  maas serve runs/mnist_mlp/model.pt --port 8000 # answer requests over HTTP\n"
         "\n"
         "Start from your own data:  maas init table.csv\n"
         "Look into a model:         maas inspect model.pt\n"
         "Which settings there are:  maas config explain\n"
         "Check this machine:        maas doctor\n"
         "All verbs:                 maas --help\n"
         "Help on one:               maas train --help\n";
}

std::string long_help() {
  std::string text = "maas <verb> <what> [key=value ...] [--flags]\n\n";
  for (const CommandRow& row : commands())
    text += fmt::format("  {:<11} {}\n", spoken_name(row), row.summary);
  text +=
      "\nEvery verb has --help with examples, --json for one JSON object on stdout (predict: one\n"
      "a row), --quiet, -v, --no-color and --debug. Exit codes: 0 ok, 1 failed, 2 usage or config, "
      "3 missing or\n"
      "corrupt input, 4 resources, 5 diverged, 6 a required check was not met, 70 internal,\n"
      "75 interrupted and resumable.\n";
  return text;
}

std::string long_help_json() {
  JsonWriter json;
  json.begin_object().field("verb", "help").key("verbs").begin_array();
  for (const CommandRow& row : commands()) {
    OutputOptions options;
    write_verb(json, row, *Parser(row, options).app);
  }
  json.end_array().end_object();
  return json.take();
}

std::string verb_help(const CommandRow& row, const CLI::App& app) {
  const std::vector<VerbArgument> arguments = arguments_of(app);
  std::string text = fmt::format("{}\nmaas {}: {}\n", row.examples, spoken_name(row), row.summary);
  bool takes_settings = false;
  for (const Part part : {Part::kArguments, Part::kFlags, Part::kCommonFlags}) {
    std::string lines;
    for (const VerbArgument& argument : arguments) {
      if (part_of(argument) == part) lines += argument_line(argument);
      takes_settings = takes_settings || argument.meaning.find("key=value") != std::string::npos;
    }
    if (!lines.empty()) text += "\n" + lines;
  }
  if (takes_settings) {
    text +=
        "\n`maas config explain` tells what settings there are. key=null takes one back: it has "
        "its\n"
        "default, whatever the config says.\n";
  }
  return text;
}

std::string verb_help_json(const CommandRow& row, const CLI::App& app) {
  JsonWriter json;
  write_verb(json, row, app);
  return json.take();
}

}  // namespace maas
