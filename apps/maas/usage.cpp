#include "usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/did_you_mean.h"

namespace maas {
namespace {

bool is_common_flag(const std::string& argument) {
  static const std::vector<std::string> kNames = {"--json", "--quiet",   "-q",         "-v",
                                                  "-vv",    "--verbose", "--no-color", "--debug"};
  return std::find(kNames.begin(), kNames.end(), argument) != kNames.end();
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
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
  if (error.get_name() == "ExtrasError") {
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
  app->name(fmt::format("maas {}", row.name));
  app->set_help_flag("-h,--help", "print this")->group("Output");
  command->declare(*app);
  app->add_flag("--json", options.json, "print one JSON object, errors too")->group("Output");
  app->add_flag("-q,--quiet", options.quiet, "say nothing but errors")->group("Output");
  app->add_flag("-v,--verbose", options.verbosity, "say more; -vv even more")->group("Output");
  app->add_flag("--no-color", options.no_color, "no colours (also NO_COLOR=1)")->group("Output");
  app->add_flag("--debug", options.debug, "causes of internal errors in full")->group("Output");
}

const CommandRow* find_command(const std::string& name) {
  for (const CommandRow& row : commands()) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

void verb_first(std::vector<std::string>& arguments) {
  const auto verb = std::find_if_not(arguments.begin(), arguments.end(), is_common_flag);
  if (verb != arguments.end()) std::rotate(arguments.begin(), verb, verb + 1);
}

Error usage_error(const CommandRow& row, const CLI::App& app, const CLI::ParseError& error,
                  const std::vector<std::string>& arguments) {
  Problem problem;
  problem.where = "command line";
  problem.fix = fmt::format("see `maas {} --help`", row.name);
  const std::string flag = unknown_flag(app, arguments);
  if (flag.empty()) {
    explain(app, error, problem);
  } else {
    problem.what = fmt::format("unknown flag '{}'{}", flag, did_you_mean(flag, flag_names(app)));
  }
  return {ErrorKind::kUsage, problem};
}

Error unknown_verb(const std::string& verb) {
  std::vector<std::string> names;
  for (const CommandRow& row : commands()) names.emplace_back(row.name);
  Problem problem{"command line", "", "", "`maas --help` lists the verbs", ""};
  if (verb.rfind('-', 0) == 0) {
    problem.what = fmt::format("unknown flag '{}'", verb);
    problem.expected = "a verb first, such as `maas train`";
  } else {
    problem.what = fmt::format("unknown verb '{}'{}", verb, did_you_mean(verb, names));
  }
  return {ErrorKind::kUsage, problem};
}

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

}  // namespace maas
