// maas completion -- completion for a shell, made from the table of verbs and the config's
// settings.
//
// Prints  a script; nothing is installed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json_writer.h"
#include "command.h"
#include "config/describe_field.h"
#include "config/walk_fields.h"
#include "config_file.h"
#include "usage.h"

namespace maas {
namespace {

std::vector<VerbArgument> verb_arguments(const CommandRow& row) {
  OutputOptions options;
  return arguments_of(*Parser(row, options).app);
}

std::vector<std::string> flags_of(const CommandRow& row) {
  std::vector<std::string> flags;
  for (const VerbArgument& argument : verb_arguments(row)) {
    if (argument.is_flag) flags.insert(flags.end(), argument.names.begin(), argument.names.end());
  }
  return flags;
}

std::vector<std::string> verbs() {
  std::vector<std::string> names;
  for (const CommandRow& row : commands()) names.push_back(row.name);
  return names;
}

// Words that the verb's first argument takes, such as check, show, explain, schema.
std::vector<std::string> words_of(const CommandRow& row) {
  for (const VerbArgument& argument : verb_arguments(row)) {
    if (!argument.is_flag) return argument.choices;
  }
  return {};
}

// What can stand before "=": the settings but for those that hold others.
std::vector<std::string> settings() {
  ConfigFile defaults;
  std::vector<std::string> keys;
  walk_fields(section_of(defaults), [&](const std::string& key, const Field& field) {
    if (!is_section(field) && key.find(".N") == key.npos) keys.push_back(key);
  });
  return keys;
}

// The verb's arguments say that settings can be given.
bool takes_settings(const CommandRow& row) {
  for (const VerbArgument& argument : verb_arguments(row)) {
    if (argument.meaning.find("key=value") != std::string::npos) return true;
  }
  return false;
}

// The lines of a case on "verb:word before" in bash and zsh. `open` and `close` make a list.
std::string cases(const char* open, const char* close) {
  std::string of_values, of_verbs;
  for (const CommandRow& row : commands()) {
    for (const VerbArgument& argument : verb_arguments(row)) {
      if (!argument.takes_value || argument.choices.empty()) continue;
      for (const std::string& name : argument.names) {
        of_values += fmt::format("    {}:{}) values={}{}{} ;;\n", row.name, name, open,
                                 fmt::join(argument.choices, " "), close);
      }
    }
    of_verbs += fmt::format("    {}:*) flags={}{}{} choices={}{}{} overrides={} ;;\n", row.name,
                            open, fmt::join(flags_of(row), " "), close, open,
                            fmt::join(words_of(row), " "), close, takes_settings(row) ? "yes" : "");
  }
  return of_values + of_verbs;  // the first that matches counts
}

std::string bash() {
  return fmt::format(R"(# maas completion bash > ~/.local/share/bash-completion/completions/maas
_maas() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} verb=${{COMP_WORDS[1]}}
  local flags="" choices="" values="" overrides="" found
  local settings="{1}"
  if [[ $COMP_CWORD == 1 ]]; then
    COMPREPLY=($(compgen -W "{0}" -- "$word"))
    return
  fi
  case $verb:${{COMP_WORDS[COMP_CWORD-1]}} in
{2}  esac
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif [[ $COMP_CWORD == 2 && -n $choices ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
    if [[ $COMP_CWORD -gt 2 && -n $overrides && ${{#COMPREPLY[@]}} == 0 ]]; then
      found=($(compgen -W "$settings" -- "$word"))
      if [[ $verb == config && ${{COMP_WORDS[2]}} == explain ]]; then
        COMPREPLY=("${{found[@]}}")
      elif [[ ${{#found[@]}} -gt 0 ]]; then
        COMPREPLY=("${{found[@]/%/=}}")
        compopt -o nospace +o filenames 2>/dev/null
      fi
    fi
  fi
}}
complete -o filenames -F _maas maas)",
                     fmt::join(verbs(), " "), fmt::join(settings(), " "), cases("\"", "\""));
}

// Between single quotes.
std::string zsh_quoted(const std::string& text) {
  std::string quoted;
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string{c};
  return quoted;
}

std::string zsh() {
  std::string described;
  for (const CommandRow& row : commands()) {
    described += fmt::format("    '{}:{}'\n", row.name, zsh_quoted(row.summary));
  }
  return fmt::format(R"(#compdef maas
# maas completion zsh > a folder of $fpath, as _maas
_maas() {{
  local -a verbs flags choices values settings
  local verb=${{words[2]}} word=${{words[CURRENT]}} overrides=
  verbs=(
{0}  )
  settings=({1})
  if (( CURRENT == 2 )); then _describe verb verbs; return; fi
  case $verb:${{words[CURRENT-1]}} in
{2}  esac
  if (( $#values )); then compadd -- $values
  elif [[ $word == -* ]]; then compadd -- $flags
  elif (( CURRENT == 3 && $#choices )); then compadd -- $choices
  else
    if [[ -n $overrides ]] && (( CURRENT > 3 )); then
      if [[ $verb == config && ${{words[3]}} == explain ]]; then compadd -- $settings; return; fi
      compadd -S = -- $settings
    fi
    _files
  fi
}}
if [[ $funcstack[1] == _maas ]]; then _maas "$@"; else compdef _maas maas; fi)",
                     described, fmt::join(settings(), " "), cases("(", ")"));
}

std::string fish_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string{c};
  return quoted + "'";
}

// One line of `complete` for a flag of a verb.
std::string fish_flag(const std::string& seen, const VerbArgument& flag) {
  std::string line = "complete -c maas -n " + seen;
  for (const std::string& name : flag.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (flag.takes_value) line += flag.choices.empty() ? " -r" : " -x";
  if (!flag.choices.empty()) line += fmt::format(" -a '{}'", fmt::join(flag.choices, " "));
  return line + " -d " + fish_quoted(flag.meaning) + "\n";
}

std::string fish() {
  std::string lines = fmt::format(
      "# maas completion fish > ~/.config/fish/completions/maas.fish\n"
      "set -l settings {0}\nset -l assignments {1}=\n"
      "complete -c maas -n '__fish_seen_subcommand_from explain' -a \"$settings\"\n",
      fmt::join(settings(), " "), fmt::join(settings(), "= "));
  for (const CommandRow& row : commands()) {
    lines += fmt::format("complete -c maas -n __fish_use_subcommand -f -a {} -d {}\n", row.name,
                         fish_quoted(row.summary));
    const std::string seen = fmt::format("'__fish_seen_subcommand_from {}'", row.name);
    for (const VerbArgument& argument : verb_arguments(row)) {
      if (argument.is_flag) {
        lines += fish_flag(seen, argument);
      } else if (!argument.choices.empty()) {
        lines += fmt::format("complete -c maas -n {} -f -a '{}'\n", seen,
                             fmt::join(argument.choices, " "));
      }
    }
    if (takes_settings(row)) {
      lines += fmt::format("complete -c maas -n {} -a \"$assignments\"\n", seen);
    }
  }
  return lines;
}

class Completion : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("shell", shell_, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  int run(Output& output) override {
    const std::string script = shell_ == "bash" ? bash() : shell_ == "zsh" ? zsh() : fish();
    if (!output.json()) {
      output.result(script);
      return 0;
    }
    JsonWriter json;
    json.begin_object().field("verb", "completion").field("shell", shell_);
    output.result(json.field("script", script).end_object().text());
    return 0;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<Completion>(); }

}  // namespace maas
