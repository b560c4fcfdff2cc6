#include "words.h"

#include <filesystem>

#include "base/throw_error.h"
#include "model/model_file.h"

namespace maas {
namespace {

bool is_yaml(const std::string& word) {
  const auto extension = std::filesystem::path(word).extension();
  return extension == ".yaml" || extension == ".yml";
}

}  // namespace

void refuse_stdout(const std::string& output) {
  if (output != "-") return;
  throw_usage("command line: -o", "'-', as if to write to stdout", "a file or folder to write",
              "name one; a file of that name is ./-");
}

void refuse_input(const std::string& output, const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    std::error_code ignored;
    if (!std::filesystem::equivalent(output, input, ignored)) continue;
    throw_usage("command line: -o", "'" + output + "' is an input of this command",
                "another file than those that are read", "name another output with -o");
  }
}

VerbWords split_words(const std::vector<std::string>& words) {
  VerbWords split;
  for (const std::string& word : words) {
    std::error_code ignored;
    if (word.find('=') != std::string::npos && !std::filesystem::exists(word, ignored)) {
      split.overrides.push_back(word);
    } else if (split.config.empty() && (is_yaml(word) || !split.model.empty())) {
      split.config = word;
    } else if (split.model.empty()) {
      split.model = word;
    } else {
      throw_usage("command line", "'" + word + "' behind a model and a config",
                  "MODEL [CONFIG] [key=value ...]", "leave it out");
    }
  }
  if (!split.model.empty()) split.model = model_file(split.model).string();
  return split;
}

}  // namespace maas
