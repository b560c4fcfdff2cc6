#include "usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/did_you_mean.h"
#include "base/shown_text.h"
#include "config/values.h"
#include "config/yaml_place.h"

namespace maas {
namespace {

constexpr const char* kCommonGroup = "Output";

bool is_common_flag(const std::string& argument) {
  static const std::vector<std::string> kNames = {"--json", "--quiet",   "-q",         "-v",
                                                  "-vv",    "--verbose", "--no-color", "--debug"};
  return std::find(kNames.begin(), kNames.end(), argument) != kNames.end();
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const VerbArgument& argument : arguments_of(app)) {
    if (argument.is_flag) names.insert(names.end(), argument.names.begin(), argument.names.end());
  }
  return names;
}

// "a", "b", "c" of an option that takes one of these words; else empty.
std::vector<std::string> choices_of(const CLI::Option& option) {
  // IsMember shows its words as "{a,b,c}" in the type's name; there is no other way to them.
  const std::string type = option.get_type_name();
  const size_t open = type.find('{'), close = type.find('}');
  std::vector<std::string> words;
  if (open == type.npos || close == type.npos) return words;
  size_t start = open + 1;
  while (start < close) {
    const size_t end = std::min(type.find(',', start), close);
    words.push_back(type.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

// The first argument that looks like a flag and is none. CLI11 takes -o3 for -o 3 and -qv for
// -q -v, so of short ones the first letter counts.
std::string unknown_flag(const CLI::App& app, const std::vector<std::string>& arguments) {
  const std::vector<std::string> known = flag_names(app);
  for (const std::string& argument : arguments) {
    if (argument == "--") break;
    if (argument.size() < 2 || argument[0] != '-') continue;
    const bool is_long = argument[1] == '-';
    if (!is_long && std::isalpha(static_cast<unsigned char>(argument[1])) == 0) continue;
    const std::string name =
        is_long ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
    if (std::find(known.begin(), known.end(), name) == known.end()) return name;
  }
  return "";
}

// CLI11's texts are sentences such as "--top: Value abc could not be converted".
std::string lower_case_start(std::string text) {
  const bool acronym = text.size() > 1 && std::isupper(static_cast<unsigned char>(text[1])) != 0;
  if (!text.empty() && !acronym) text[0] = static_cast<char>(std::tolower(text[0]));
  while (!text.empty() && (text.back() == '.' || text.back() == ' ')) text.pop_back();
  return text;
}

// The option that an error's text starts with: "--top: ...", "model is required".
const CLI::Option* option_named_in(const CLI::App& app, const std::string& text) {
  const std::string name = text.substr(0, text.find_first_of(": "));
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_name(true, true).find(name) != std::string::npos && !name.empty()) {
      return option;
    }
  }
  return nullptr;
}

// "command line: too many arguments" -> what they are.
std::string extras_text(const CLI::ParseError& error) {
  const std::string text = error.what();
  const size_t colon = text.find(": ");
  return colon == text.npos ? text : text.substr(colon + 2);
}

void explain(const CLI::App& app, const CLI::ParseError& error, Problem& problem) {
  const std::string text = error.what();
  const CLI::Option* option = option_named_in(app, text);
  // By its number: CLI11 puts the program's name where the error's name should be.
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    problem.what = fmt::format("'{}' is one argument too many", extras_text(error));
  } else if (error.get_name() == "RequiredError" && option != nullptr) {
    problem.what = fmt::format("no {}", option->get_name(true));
    problem.expected = option->get_description();
  } else if (error.get_name() == "ArgumentMismatch" && option != nullptr) {
    problem.what = fmt::format("{} has no value", option->get_name(false));
    problem.expected = option->get_description();
  } else if (option != nullptr && !choices_of(*option).empty()) {
    const std::vector<std::string> choices = choices_of(*option);
    const std::string value = option->results().empty() ? "" : option->results().back();
    problem.where = fmt::format("command line: {}", option->get_name(option->get_positional()));
    problem.what = fmt::format("unknown '{}'{}", value, did_you_mean(value, choices));
    problem.expected = fmt::format("one of {}", fmt::join(choices, ", "));
  } else {
    problem.what = lower_case_start(text);
  }
}

}  // namespace

Parser::Parser(const CommandRow& row, OutputOptions& options)
    : command(row.make()), app(std::make_unique<CLI::App>()) {
  app->name("maas " + spoken_name(row));
  app->set_help_flag("-h,--help", "print this")->group(kCommonGroup);
  command->declare(*app);
  app->add_flag("--json", options.json, "print one JSON object (predict: one a row), errors too")
      ->group(kCommonGroup);
  app->add_flag("-q,--quiet", options.quiet,
                "nothing on stderr but errors; the result stays on stdout")
      ->group(kCommonGroup);
  app->add_flag("-v,--verbose", options.verbosity, "say more; -vv even more")->group(kCommonGroup);
  app->add_flag("--no-color", options.no_color, "no colours (also NO_COLOR=1)")
      ->group(kCommonGroup);
  app->add_flag("--debug", options.debug, "causes of internal errors in full")->group(kCommonGroup);
}

const CommandRow& command_named(const std::string& name) {
  std::vector<std::string> names;
  for (const CommandRow& row : commands()) {
    if (name == row.name) return row;
    names.emplace_back(row.name);
  }
  Problem problem{"command line", "", "", "`maas --help` lists the verbs", ""};
  if (name.starts_with("-")) {
    problem.what = fmt::format("unknown flag '{}'", name);
    problem.expected = "a verb first, such as `maas train`";
  } else {
    problem.what = fmt::format("unknown verb '{}'{}", name, did_you_mean(name, names));
  }
  throw Error(ErrorKind::kUsage, problem);
}

void join_verb(std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return;
  const std::string joined = arguments[0] + "-" + arguments[1];
  for (const CommandRow& row : commands()) {
    if (joined != row.name) continue;
    arguments[0] = joined;
    arguments.erase(arguments.begin() + 1);
    return;
  }
}

void verb_first(std::vector<std::string>& arguments) {
  const auto verb = std::find_if_not(arguments.begin(), arguments.end(), is_common_flag);
  if (verb != arguments.end()) std::rotate(arguments.begin(), verb, verb + 1);
}

Error usage_error(const CommandRow& row, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments) {
  Problem problem;
  problem.where = "command line";
  problem.fix = fmt::format("see `maas {} --help`", spoken_name(row));
  const std::string flag = unknown_flag(app, arguments);
  if (flag.empty()) {
    explain(app, error, problem);
  } else {
    problem.what = fmt::format("unknown flag '{}'{}", flag, did_you_mean(flag, flag_names(app)));
  }
  return {ErrorKind::kUsage, problem};
}

CLI::Validator whole_number(int64_t lowest, int64_t highest) {
  const auto check = [lowest, highest](std::string& text) -> std::string {
    const auto value = parse_integer(text);
    if (!value || *value < lowest || *value > highest) {
      return fmt::format("is '{}'; expected a whole number from {} to {}", shown_text(text), lowest,
                         highest);
    }
    text = std::to_string(*value);
    return "";
  };
  return CLI::Validator(check, "");
}

CLI::Validator number(double lowest, double highest) {
  const auto check = [lowest, highest](std::string& text) -> std::string {
    const auto value = parse_number(text);
    if (value && *value >= lowest && *value <= highest) return "";
    return fmt::format("is '{}'; expected a number from {} to {}", shown_text(text), lowest,
                       highest);
  };
  return CLI::Validator(check, "");
}

std::vector<VerbArgument> arguments_of(const CLI::App& app) {
  std::vector<VerbArgument> arguments;
  for (const CLI::Option* option : app.get_options()) {
    VerbArgument argument;
    argument.meaning = option->get_description();
    argument.choices = choices_of(*option);
    argument.is_flag = !option->get_positional();
    argument.takes_value = argument.is_flag && option->get_items_expected_max() > 0;
    argument.is_required = option->get_required();
    argument.is_common = option->get_group() == kCommonGroup;
    const std::string type = option->get_type_name();
    argument.is_number = type == "INT" || type == "FLOAT";
    for (const std::string& name : option->get_snames()) argument.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) argument.names.push_back("--" + name);
    if (argument.names.empty()) argument.names.push_back(option->get_name(true));
    arguments.push_back(std::move(argument));
  }
  // CLI11 declares --help first.
  std::rotate(arguments.begin(), arguments.begin() + 1, arguments.end());
  return arguments;
}

}  // namespace maas
