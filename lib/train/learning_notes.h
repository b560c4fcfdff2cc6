// What is told of a network that existed before it learns on
#pragma once

#include <string>
#include <vector>

#include "program/program.h"
#include "train/fit.h"
#include "train/train_config.h"

namespace maas {

// What `network`, which job.program holds, takes, and what stands in front of it.
std::string input_note(const Program& network, const FitJob& job, const std::string& normalize);

// Of a network of several outputs, which of them learns and what becomes of the others; "" of one.
std::string outputs_note(const Program& network);

// A line for train.freeze and one for train.body_learning_rate, where these are set. Throws what
// freeze_patterns() (train/trained_parameters.h) throws.
std::vector<std::string> learning_notes(const Program& network, const TrainConfig& config);

// The same in a few words for the live line; "" when all learns at one rate.
std::string learning_words(const Program& network, const TrainConfig& config);

}  // namespace maas
