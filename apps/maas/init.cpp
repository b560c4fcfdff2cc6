// maas init -- write a config for the data that are there.
//
// Reads   the data's first rows or names, to guess what they are.
// Writes  a commented YAML file; never over an existing one without --force.
// Prints  its path, or with -o - the config.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/files.h"
#include "base/json_writer.h"
#include "command.h"
#include "data/csv_reader.h"
#include "data/gzip_reader.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostCsvBytes = uint64_t{1} << 32;
constexpr size_t kMostClasses = 50;  // a whole-number label with more values is taken for a number

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected, const std::string& fix, ErrorKind kind) {
  throw Error(kind,
              {.where = where, .what = what, .expected = expected, .fix = fix, .excerpt = ""});
}

// What was found: the `data:` section, the network, and how it is judged.
struct Guess {
  std::string data, model, metric, found;
};

std::string quoted(const fs::path& path) { return json_quote(path.string()); }

bool is_csv(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".csv") || name.ends_with(".csv.gz") || name.ends_with(".tsv");
}

// The file of `folder` whose name holds all of `parts`; "" when there is none.
fs::path named(const fs::path& folder, const std::vector<std::string>& parts) {
  std::set<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (std::all_of(parts.begin(), parts.end(),
                    [&](const std::string& part) { return name.find(part) != name.npos; })) {
      found.insert(entry.path());
    }
  }
  return found.empty() ? fs::path() : *found.begin();
}

bool is_number(std::string_view text) {
  char* end = nullptr;
  const std::string copy(text);
  std::strtod(copy.c_str(), &end);
  return !copy.empty() && end == copy.c_str() + copy.size();
}

int64_t label_column(const CsvTable& table) {
  static const std::set<std::string> kNames = {"label", "target", "class", "species", "y"};
  for (int64_t column = 0; column < table.columns(); ++column) {
    std::string name(table.at(0, column));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (kNames.count(name) > 0) return column;
  }
  return table.columns() - 1;
}

Guess guess_csv(const fs::path& path) {
  const char delimiter = path.extension() == ".tsv" ? '\t' : ',';
  const CsvTable table =
      parse_csv(read_maybe_gzipped(path.string(), kMostCsvBytes), path.string(), delimiter);
  if (table.rows() < 2 || table.columns() < 2) {
    refuse(path.string(), fmt::format("has {} rows and {} columns", table.rows(), table.columns()),
           "a header, rows, and a label beside at least one other column", "", ErrorKind::kInput);
  }
  const int64_t column = label_column(table);
  std::set<std::string_view> values;
  bool numeric = true, whole = true, missing = false;
  for (int64_t row = 1; row < table.rows(); ++row) {
    const std::string_view cell = table.at(row, column);
    values.insert(cell);
    numeric = numeric && is_number(cell);
    whole = whole && cell.find('.') == cell.npos;
    for (int64_t other = 0; other < table.columns(); ++other) {
      missing = missing || table.at(row, other).empty();
    }
  }
  const bool regression = numeric && (!whole || values.size() > kMostClasses);
  const std::string label(table.at(0, column));
  Guess guess;
  guess.data = fmt::format(
      "  type: csv\n"
      "  train: {{path: {}}}\n"
      "  label: {}                     # the column to predict\n"
      "  task: {}\n"
      "  test_fraction: 0.2                # kept apart and measured at the end\n"
      "  validation: 0.1                   # kept apart to choose the best weights\n"
      "  missing: {}                     # empty cells: error | mean | drop\n",
      quoted(path), json_quote(label), regression ? "regression" : "classification",
      missing ? "mean" : "error");
  if (delimiter == '\t') guess.data += "  delimiter: \"\\t\"\n";
  guess.model = "{type: mlp, hidden: [64, 32], dropout: 0.1}";
  guess.metric = regression ? "[rmse, mae, r2]" : "[accuracy, macro_f1, nll]";
  guess.found = fmt::format("a table of {} rows; predicting {} '{}'", table.rows() - 1,
                            regression ? "the number" : "the class", label);
  return guess;
}

Guess guess_idx(const fs::path& folder, const fs::path& images) {
  const fs::path labels = named(folder, {"train", "labels", "idx1"});
  const fs::path test_images = named(folder, {"t10k", "images", "idx3"});
  const fs::path test_labels = named(folder, {"t10k", "labels", "idx1"});
  Guess guess;
  guess.data = fmt::format("  type: idx\n  train: {{images: {}, labels: {}}}\n", quoted(images),
                           quoted(labels));
  guess.data += test_images.empty() ? std::string("  test_fraction: 0.2\n")
                                    : fmt::format("  test: {{images: {}, labels: {}}}\n",
                                                  quoted(test_images), quoted(test_labels));
  guess.data +=
      "  validation: 0.1                   # kept apart to choose the best weights\n"
      "  augment: [{shift: 2}]             # random changes to training images\n";
  guess.model = "{type: lenet5, dropout: 0.1}";
  guess.metric = "[accuracy, macro_f1, nll]";
  guess.found = "images and labels in IDX files";
  return guess;
}

Guess guess_images(const fs::path& folder) {
  int64_t classes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) classes += entry.is_directory() ? 1 : 0;
  if (classes < 2) {
    refuse(folder.string(), fmt::format("holds {} folders", classes),
           "IDX files, or a folder of images for each class", "name a CSV file or such a folder",
           ErrorKind::kInput);
  }
  Guess guess;
  guess.data = fmt::format(
      "  type: images\n"
      "  train: {{path: {}}}\n"
      "  test_fraction: 0.2                # kept apart and measured at the end\n"
      "  validation: 0.1                   # kept apart to choose the best weights\n"
      "  height: 32                        # images are resized to this\n"
      "  width: 32\n"
      "  augment: [{{flip: 0.5}}, {{shift: 2}}]\n",
      quoted(folder));
  guess.model = "{type: convnet, channels: [32, 64], dropout: 0.2}";
  guess.metric = "[accuracy, macro_f1, nll]";
  guess.found = fmt::format("images of {} classes", classes);
  return guess;
}

Guess guess_synthetic() {
  return {
      "  type: synthetic                   # made up, so that no file is needed\n"
      "  kind: image\n"
      "  samples: 2000\n"
      "  test_fraction: 0.2\n"
      "  validation: 0.1\n",
      "{type: mlp, hidden: [64]}", "[accuracy, nll]", "nothing: the data are made up"};
}

Guess guess_data(const fs::path& path) {
  if (path.empty()) return guess_synthetic();
  if (!fs::exists(path)) {
    refuse(path.string(), "does not exist", "a CSV file, or a folder of images or IDX files",
           "check the path", ErrorKind::kInput);
  }
  if (fs::is_directory(path)) {
    const fs::path images = named(path, {"train", "images", "idx3"});
    return images.empty() ? guess_images(path) : guess_idx(path, images);
  }
  if (is_csv(path)) return guess_csv(path);
  refuse(path.string(), "is neither a folder nor a .csv, .csv.gz or .tsv file",
         "data that maas reads", "name a CSV file, or the folder that holds the IDX files",
         ErrorKind::kUsage);
}

class Init : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("data", data_, "a CSV file, or a folder of images or IDX files");
    app.add_option("-o,--output", output_, "the file to write, <name>.yaml by default; - = stdout");
    app.add_flag("--force", force_, "replace an existing file");
  }

  int run(Output& output) override {
    const fs::path data = data_.empty() ? fs::path() : fs::absolute(data_).lexically_normal();
    const std::string name = name_of(data);
    const std::string file = output_.empty() ? name + ".yaml" : output_;
    const Guess guess = guess_data(data);
    output.say("found " + guess.found);
    const std::string text = config_text(name, file == "-" ? "FILE" : file, guess);
    if (file == "-") {
      output.result(text);
      return 0;
    }
    if (fs::exists(file) && !force_) {
      refuse(file, "exists", "a new file", "choose another with -o, or add --force",
             ErrorKind::kUsage);
    }
    write_file_atomically(file, text);
    output.result(output.json() ? R"({"verb":"init","config":)" + json_quote(file) + "}" : file);
    output.say("next: maas train " + file);
    return 0;
  }

 private:
  static std::string name_of(const fs::path& data) {
    std::string name = data.empty() ? "example" : data.stem().stem().string();
    if (name.empty()) name = data.parent_path().filename().string();
    for (char& c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && c != '-') c = '_';
    }
    return name;
  }

  static std::string config_text(const std::string& name, const std::string& file,
                                 const Guess& guess) {
    return fmt::format(
        "# Written by maas init: a start to change. `maas config explain` tells every setting.\n"
        "#   maas config check {0}\n"
        "#   maas train {0}\n"
        "#   maas serve runs/{1}/model.pt --port 8000\n"
        "name: {1}\n"
        "seed: 1                             # the same seed gives the same model\n"
        "data:\n{2}"
        "model: {3}\n"
        "train:\n"
        "  epochs: 20\n"
        "  batch_size: 64\n"
        "  optimizer: {{type: adamw, weight_decay: 0.01}}\n"
        "  learning_rate: 1e-3\n"
        "  schedule: {{type: cosine, warmup: 5%}}\n"
        "  early_stop: {{patience: 5}}         # evaluations without improvement; 0 = off\n"
        "eval: {{metrics: {4}}}\n",
        file, name, guess.data, guess.model, guess.metric);
  }

  std::string data_, output_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<Init>(); }

}  // namespace maas
