// What lies in a file or folder, and the config that suits it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace maas {

// What was seen of a column of a table.
struct ColumnProfile {
  std::string name;
  std::string kind;  // "number", "whole number", "date", "text", "sentences"; "-" = empty
  int64_t missing = 0, distinct = 0;
  std::optional<double> least = {}, most = {};  // of numbers
  std::vector<std::string> examples = {};
  std::string use = {};  // "number, standardised", "ignored: it numbers the rows"
};

struct DataGuess {
  std::string data;     // the lines of the `data:` section, indented by two
  std::string model;    // the value of `model:`, in flow style
  std::string metrics;  // the value of `eval.metrics`
  std::string found;    // "a table of 150 rows; predicting the class 'species'"
  std::string watched;  // the metric that chooses the best weights; "" = the first of `metrics`
  int64_t samples = 0;
  int64_t folds = 0;         // train.folds, instead of a validation split
  int64_t numeric_bins = 0;  // data.numeric_bins
  double label_smoothing = 0;
  int64_t batch_size = 64;             // where there are enough samples
  int64_t steps = 1000;                // that training is worth, at least
  int64_t least_epochs = 20;           // however many steps these are
  bool has_own_test = false;           // the data say what is for testing
  bool has_own_validation = false;     // and what is for validation
  std::vector<ColumnProfile> columns;  // of a table
  std::vector<std::string> profile;    // lines about the columns of a table, sizes of images
  std::string why_size = {};           // of images: "64 x 64: ..."; "" = the size is given
  std::string cuts = {};               // a warning of what images lose at this size; "" = little
  std::vector<std::string> warnings;   // what the data's owner should look at
};

// What the user says of the data.
struct GuessOptions {
  std::string label;                     // the column to predict; "" = guessed
  std::vector<std::string> labels = {};  // several columns to predict, instead of one
  // "classification", "regression", of several labels "multi_label"; "" = by the label
  std::string task;
  std::set<std::string> marks = {};  // the columns of data.group and data.order
  std::optional<bool> header = {};   // data.header, where it is given
};

// A quarter of the training samples at most, so that an epoch has several steps.
int64_t batch_size_for(const DataGuess& guess);
// Few samples make few steps an epoch: enough epochs for guess.steps of them, at most 100.
int64_t epochs_for(const DataGuess& guess);

// The network and the settings of training that suit texts, added to `guess`.
void suit_texts(DataGuess& guess);

// `path`: a CSV file (a table, or one that names images), a folder of images, texts or IDX files;
// "" = made-up data. Paths in the config are relative to `config_folder` when the data lie below
// it, else absolute. `options` are for CSV files. Throws Error{kInput} when there is nothing to
// learn from, kUsage when it is of a kind that maas does not read.
DataGuess guess_data(const std::filesystem::path& path, const std::filesystem::path& config_folder,
                     const GuessOptions& options = {});

}  // namespace maas
