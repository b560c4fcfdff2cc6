// maas completion -- completion for a shell, made from the table of verbs.
//
// Prints  a script; nothing is installed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "command.h"
#include "usage.h"

namespace maas {
namespace {

std::vector<std::string> flags_of(const CommandRow& row) {
  OutputOptions options;
  const Parser parser(row, options);
  std::vector<std::string> flags;
  for (const CLI::Option* option : parser.app->get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

std::vector<std::string> verbs() {
  std::vector<std::string> names;
  for (const CommandRow& row : commands()) names.push_back(row.name);
  return names;
}

std::string bash() {
  std::string cases;
  for (const CommandRow& row : commands()) {
    cases += fmt::format("    {}) flags=\"{}\" ;;\n", row.name, fmt::join(flags_of(row), " "));
  }
  return fmt::format(R"(# maas completion bash > ~/.local/share/bash-completion/completions/maas
_maas() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} flags=""
  if [[ $COMP_CWORD == 1 ]]; then
    COMPREPLY=($(compgen -W "{}" -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{}  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _maas maas)",
                     fmt::join(verbs(), " "), cases);
}

std::string zsh() {
  std::string described, cases;
  for (const CommandRow& row : commands()) {
    described += fmt::format("    '{}:{}'\n", row.name, row.summary);
    cases += fmt::format("    {}) flags=({}) ;;\n", row.name, fmt::join(flags_of(row), " "));
  }
  return fmt::format(R"(#compdef maas
# maas completion zsh > a folder of $fpath, as _maas
_maas() {{
  local -a verbs flags
  verbs=(
{}  )
  if (( CURRENT == 2 )); then _describe verb verbs; return; fi
  case ${{words[2]}} in
{}  esac
  if [[ ${{words[CURRENT]}} == -* ]]; then compadd -- $flags; else _files; fi
}}
compdef _maas maas)",
                     described, cases);
}

std::string fish() {
  std::string lines = "# maas completion fish > ~/.config/fish/completions/maas.fish\n";
  for (const CommandRow& row : commands()) {
    lines += fmt::format("complete -c maas -n __fish_use_subcommand -f -a {} -d '{}'\n", row.name,
                         row.summary);
    for (const std::string& flag : flags_of(row)) {
      if (!flag.starts_with("--")) continue;
      lines += fmt::format("complete -c maas -n '__fish_seen_subcommand_from {}' -l {}\n", row.name,
                           flag.substr(2));
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
    output.result(shell_ == "bash" ? bash() : shell_ == "zsh" ? zsh() : fish());
    return 0;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<Completion>(); }

}  // namespace maas
