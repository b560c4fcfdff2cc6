// maas init -- write a config for the data that are there.
//
// Reads   the data, or their names, to guess what they are.
// Writes  a commented YAML file; never over an existing one without --force.
// Prints  its path, or with -o - the config.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/files.h"
#include "base/json_writer.h"
#include "base/shell_word.h"
#include "base/throw_error.h"
#include "command.h"
#include "config/read_config.h"
#include "edit_config.h"
#include "guess_data.h"
#include "start_network.h"
#include "words.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFewSamples = 50;   // of which a tenth would say nothing
constexpr int64_t kFewestToTest = 5;  // of which a fifth is one

struct LabelNames {
  struct Data {
    std::vector<std::string> labels;
    void describe(Fields& field) { field("labels", labels).doc("columns to predict"); }
  } data;
  void describe(Fields& field) { field("data", data).doc("of which labels are asked for"); }
};

// "data.labels=[a, b]" -> a, b.
std::vector<std::string> labels_in(const std::string& setting) {
  return read_config<LabelNames>({.text = "{}", .overrides = {setting}}).data.labels;
}

// As comments, above `data:`.
std::string profile_of(const DataGuess& guess) {
  std::string lines;
  for (const std::string& line : guess.profile) lines += "# " + line + "\n";
  if (!guess.why_size.empty()) lines += "# " + guess.why_size + "\n";
  return lines;
}

std::string folds_of(const DataGuess& guess) {
  std::string lines;
  if (guess.label_smoothing > 0) {
    lines += fmt::format("  loss: {{label_smoothing: {}}}\n", guess.label_smoothing);
  }
  if (guess.folds > 0) {
    lines += fmt::format("{:36}# networks, each validated by another part; their mean answers\n",
                         fmt::format("  folds: {}", guess.folds));
    lines += "  checkpoint: {every: 10 epochs}\n";
  }
  return lines;
}

std::string bins_of(const DataGuess& guess) {
  if (guess.numeric_bins == 0) return "";
  return fmt::format("{:36}# of each number, at quantiles: what bends can be learnt\n",
                     fmt::format("  numeric_bins: {}", guess.numeric_bins));
}

std::string early_stop_of(const DataGuess& guess) {
  const std::string watched =
      guess.watched.empty() ? "" : fmt::format("metric: {}, ", guess.watched);
  return fmt::format(
      "{:34}  # evaluations without improvement; 0 = off\n",
      fmt::format("  early_stop: {{{}patience: {}}}", watched, epochs_for(guess) / 4));
}

std::string splits_of(const DataGuess& guess) {
  std::string lines;
  if (!guess.has_own_test && guess.samples >= kFewestToTest) {
    lines += "  test_fraction: 0.2                # kept apart and measured at the end\n";
  }
  if (!guess.has_own_validation && guess.folds == 0 && guess.samples >= kFewSamples) {
    lines += "  validation: 0.1                   # kept apart to choose the best weights\n";
  }
  return lines;
}

std::string config_text(const std::string& name, const std::string& file, const DataGuess& guess) {
  const bool validates = guess.has_own_validation || guess.samples >= kFewSamples;
  return fmt::format(
      "# Written by maas init: a start to change. `maas config explain` tells every setting.\n"
      "#   maas config check {0}\n"
      "#   maas train {0}\n"
      "#   maas serve runs/{1}/model.pt --port 8000\n"
      "name: {1}\n"
      "seed: 1                             # the same seed gives the same model\n"
      "{10}data:\n{2}{11}{3}"
      "model: {4}\n"
      "train:\n"
      "  epochs: {8}\n"
      "  batch_size: {5}\n"
      "  optimizer: {{type: adamw, weight_decay: 0.01}}\n"
      "  learning_rate: 1e-3\n"
      "  schedule: {{type: cosine, warmup: 5%}}\n"
      "{9}{6}"
      "eval: {{metrics: {7}}}\n",
      file, name, guess.data, splits_of(guess), guess.model, batch_size_for(guess),
      validates ? early_stop_of(guess) : "", guess.metrics, epochs_for(guess), folds_of(guess),
      profile_of(guess), bins_of(guess));
}

class Init : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option(
        "data", words_,
        "a CSV file, a folder of images, texts or IDX files; then key=value settings to write");
    app.add_option("-o,--output", output_, "the file to write, <name>.yaml by default; - = stdout");
    app.add_option("--label", options_.label, "the column to predict, instead of a guess");
    app.add_option("--from", from_, "a model to start from: fine-tuning, with a new last layer");
    app.add_option("--task", options_.task, "classification or regression, instead of a guess")
        ->check(CLI::IsMember({"classification", "regression"}));
    app.add_flag("--force", force_, "replace an existing file");
    app.add_flag("--dry-run", dry_run_, "print the config instead of writing it");
  }

  int run(Output& output) override {
    take_words();
    const fs::path data = data_.empty() ? fs::path() : fs::absolute(data_).lexically_normal();
    const std::string name = name_of(data);
    const std::string file = output_.empty() ? name + ".yaml" : output_;
    const bool prints = file == "-" || dry_run_;
    const fs::path folder = file == "-" ? fs::current_path() : fs::absolute(file).parent_path();
    DataGuess guess = guess_data(data, folder.lexically_normal(), options_);
    output.say("found " + guess.found);
    for (const std::string& line : guess.profile) output.say("  " + line);
    for (const std::string& warning : guess.warnings) output.warn(warning);
    suit_splits(guess);
    const std::string told = start_from_network(guess, folder);
    if (gives_size()) guess.why_size.clear();
    if (!gives_size() && !guess.cuts.empty()) output.warn(guess.cuts);
    if (!guess.why_size.empty()) output.say("  " + guess.why_size);
    const std::string text =
        edit_config(config_text(name, file == "-" ? "FILE" : file, guess), settings_, folder);
    if (!from_.empty()) {
      for (const std::string& warning : check_start(text, folder)) output.warn(warning);
    }
    if (!told.empty()) output.say(told);
    if (!prints) write(file, text);
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "init").key("config");
      file == "-" ? json.null() : json.value(file);
      json.field("written", !prints).field("found", guess.found);
      if (!told.empty()) json.field("from", told);
      write_columns(json, guess);
      json.key("warnings").begin_array();
      for (const std::string& warning : guess.warnings) json.value(warning);
      json.end_array().field("text", text);
      output.result(json.end_object().text());
    } else {
      output.result(prints ? text : file);
    }
    if (!prints) output.say("next: maas train " + shell_word(file));
    return 0;
  }

 private:
  // With --from: the network and its settings, below those that were given. What is told of it.
  std::string start_from_network(DataGuess& guess, const fs::path& folder) {
    if (from_.empty()) return "";
    const StartNetwork start = start_network(from_, folder, guess);
    guess.model = start.model;
    guess.folds = 0;  // of a network that exists there is but one
    guess.numeric_bins = 0;
    settings_.insert(settings_.begin(), start.settings.begin(), start.settings.end());
    return start.told;
  }

  // Folds and a part for validation exclude each other: what is given decides. The mean of networks
  // of which some know only the oldest rows is no good where rows have an order.
  void suit_splits(DataGuess& guess) const {
    for (const std::string& setting : settings_) {
      if (setting.starts_with("data.order=")) guess.folds = 0;
    }
    for (const std::string& setting : settings_) {
      const std::string value = setting.substr(setting.find('=') + 1);
      // What is no number of folds is refused with the setting.
      if (setting.starts_with("train.folds=")) guess.folds = std::atol(value.c_str());
      const bool validates =
          setting.starts_with("data.validation") && value != "0" && !value.empty();
      if (validates) guess.folds = 0;
    }
  }

  // Whether the size of images is a setting that was given, or that of the network.
  bool gives_size() const {
    return std::any_of(settings_.begin(), settings_.end(), [](const std::string& setting) {
      return setting.starts_with("data.height=") || setting.starts_with("data.width=");
    });
  }

  // The label and the task are more than settings: what is guessed of the columns hangs on them.
  void take_words() {
    for (const std::string& word : words_) {
      std::error_code ignored;
      const bool setting = word.find('=') != std::string::npos && !fs::exists(word, ignored);
      if (!setting && !data_.empty()) {
        throw_usage("command line", fmt::format("'{}' beside '{}'", word, data_),
                    "one file or folder, then key=value", "leave one out");
      }
      if (!setting) {
        data_ = word;
      } else if (word.starts_with("data.label=") && options_.label.empty()) {
        options_.label = word.substr(word.find('=') + 1);
      } else if (word.starts_with("data.labels=")) {
        options_.labels = labels_in(word);
        settings_.push_back(word);
      } else if (word == "data.task=multi_label") {
        options_.task = "multi_label";
      } else if (word == "data.task=classification" || word == "data.task=regression") {
        options_.task = word.substr(word.find('=') + 1);
      } else {
        if (word == "data.header=true" || word == "data.header=false") {
          options_.header = word.ends_with("true");
        }
        if (word.starts_with("data.group=") || word.starts_with("data.order=")) {
          options_.marks.insert(word.substr(word.find('=') + 1));
        }
        settings_.push_back(word);
      }
    }
  }

  static void write_columns(JsonWriter& json, const DataGuess& guess) {
    json.key("columns").begin_array();
    for (const ColumnProfile& column : guess.columns) {
      json.begin_object().field("name", column.name).field("kind", column.kind);
      json.field("missing", column.missing).field("distinct", column.distinct);
      if (column.least) json.field("least", *column.least).field("most", *column.most);
      json.key("examples").begin_array();
      for (const std::string& example : column.examples) json.value(example);
      json.end_array().field("use", column.use).end_object();
    }
    json.end_array();
  }

  static std::string name_of(const fs::path& data) {
    std::string name = data.empty() ? "example" : data.stem().stem().string();
    if (name.empty()) name = data.parent_path().filename().string();
    for (char& c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') c = '_';
    }
    const bool starts_well =
        !name.empty() && std::isalnum(static_cast<unsigned char>(name[0])) != 0;
    return (starts_well ? name : "data" + name).substr(0, 64);
  }

  void write(const std::string& file, const std::string& text) const {
    if (fs::exists(file) && !force_) {
      throw_usage(file, "exists", "a new file", "choose another with -o, or add --force");
    }
    refuse_input(file, {data_});
    write_file_atomically(file, text);
  }

  std::string data_, output_, from_;
  std::vector<std::string> words_, settings_;
  GuessOptions options_;
  bool force_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<Init>(); }

}  // namespace maas
