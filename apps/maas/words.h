// `MODEL [CONFIG] [key=value ...]`, as verbs that work on a model take it.
#pragma once

#include <string>
#include <vector>

namespace maas {

struct VerbWords {
  std::string model;                   // "" = none was given
  std::string config;                  // "" = none was given
  std::vector<std::string> overrides;  // "prune.target.macs=0.3"
};

// A word with '=' that is no file is an override; of the others the first is the model, the second
// the config; a lone .yaml or .yml is the config. The
// model may be a run folder, and is the model.pt in it then. Throws Error{kUsage} for a third one.
VerbWords split_words(const std::vector<std::string>& words);

// Throws Error{kUsage} for "-": what is written is a file that is read again, or a folder.
void refuse_stdout(const std::string& output);

// Throws Error{kUsage} when `output` is one of the files that the verb reads, under whatever name;
// to be asked whatever --force says. Names of nothing, "-" and "" among them, are passed over.
void refuse_input(const std::string& output, const std::vector<std::string>& inputs);

}  // namespace maas
