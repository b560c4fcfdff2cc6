// A network to start from, and the settings with which it takes the data
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "guess_data.h"

namespace maas {

struct StartNetwork {
  std::string model;                  // the value of `model:`, in flow style
  std::vector<std::string> settings;  // key=value, to be put into the config
  std::string told;                   // "net.pt2: takes images of 224 x 224 in colour, ..."
};

// `path`: a model or the folder of a run; in the config relative to `config_folder` when it lies
// below it, else absolute. `guess`: the data; pictures in files are resized to what the network
// takes. Throws what load_model() and find_last_layer() (program/last_layer.h) throw.
StartNetwork start_network(const std::filesystem::path& path,
                           const std::filesystem::path& config_folder, const DataGuess& guess);

// Throws what training by that config would before its first step, such as a network that does not
// take the data; returns what it would warn of. Reads the data. `folder`: where the config will
// lie.
std::vector<std::string> check_start(const std::string& config,
                                     const std::filesystem::path& folder);

}  // namespace maas
