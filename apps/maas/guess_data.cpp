#include "guess_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "data/idx.h"
#include "data/labelled_files.h"
#include "guess_table.h"
#include "sample/image_format.h"
#include "suit_images.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

std::string written(const fs::path& path, const fs::path& config_folder) {
  const fs::path below = path.lexically_relative(config_folder);
  const bool is_below = !below.empty() && *below.begin() != "..";
  return json_quote(is_below ? below.string() : path.string());
}

bool is_table(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(".csv") || name.ends_with(".csv.gz") || name.ends_with(".tsv") ||
         name.ends_with(".tsv.gz");
}

std::set<fs::path> files_in(const fs::path& folder) {
  std::set<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    files.insert(it->path());
  }
  if (error) {
    throw Error(ErrorKind::kResources, {.where = folder.string(),
                                        .what = "cannot be listed: " + error.message(),
                                        .fix = "check the permissions"});
  }
  return files;
}

// The first file whose name holds all of `parts`; "" when there is none.
fs::path named(const std::set<fs::path>& files, const std::vector<std::string>& parts) {
  for (const fs::path& file : files) {
    const std::string name = file.filename().string();
    if (std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
          return name.find(part) != std::string::npos;
        })) {
      return file;
    }
  }
  return {};
}

DataGuess guess_idx(const std::set<fs::path>& files, const fs::path& images,
                    const fs::path& config_folder) {
  const fs::path labels = named(files, {"train", "labels", "idx1"});
  const fs::path test_images = named(files, {"t10k", "images", "idx3"});
  const fs::path test_labels = named(files, {"t10k", "labels", "idx1"});
  if (labels.empty()) {
    throw_input(images.string(), "has no file of labels beside it",
                "one such as train-labels-idx1-ubyte", "put it into the same folder");
  }
  const auto pair = [&](const fs::path& first, const fs::path& second) {
    return fmt::format("{{images: {}, labels: {}}}", written(first, config_folder),
                       written(second, config_folder));
  };
  DataGuess guess;
  guess.samples = decode_idx(read_file(labels), labels.string(), {}).size(0);
  guess.data = "  type: idx\n  train: " + pair(images, labels) + "\n";
  guess.has_own_test = !test_images.empty() && !test_labels.empty();
  if (guess.has_own_test) guess.data += "  test: " + pair(test_images, test_labels) + "\n";
  guess.data += "  augment: [{shift: 2}]             # random changes to training images\n";
  guess.model = "{type: lenet5, dropout: 0.1}";
  guess.metrics = "[accuracy, macro_f1, nll]";
  guess.found = fmt::format("{} images and labels in IDX files", guess.samples);
  return guess;
}

// The subfolder called one of `names`, such as photos/train; "" when there is none.
fs::path split_folder(const fs::path& folder, const std::vector<const char*>& names) {
  for (const char* name : names) {
    if (fs::is_directory(folder / name)) return folder / name;
  }
  return {};
}

void check_classes(const fs::path& folder, const LabelledFiles& list) {
  const int64_t classes = static_cast<int64_t>(list.classes.size());
  if (classes >= 2 && !list.files.empty()) return;
  throw_input(
      folder.string(),
      fmt::format("holds {} folders with {} images or texts", classes, list.files.size()),
      fmt::format("a folder for each class, of images ({}) or of texts (.txt), or IDX files",
                  image_extensions()),
      "name such a folder, or a CSV file");
}

// The lines of `data:` for folders of classes, which may lie in a folder for each split.
DataGuess guess_splits(const fs::path& folder, const fs::path& config_folder,
                       const std::string& type) {
  const fs::path train = split_folder(folder, {"train", "training"});
  const fs::path test = split_folder(folder, {"test", "testing"});
  const fs::path validation = split_folder(folder, {"validation", "valid", "val"});
  const bool is_split = !train.empty();
  DataGuess guess;
  guess.data = fmt::format("  type: {}\n  train: {{path: {}}}\n", type,
                           written(is_split ? train : folder, config_folder));
  guess.has_own_test = is_split && !test.empty();
  guess.has_own_validation = is_split && !validation.empty();
  if (guess.has_own_test) {
    guess.data += fmt::format("  test: {{path: {}}}\n", written(test, config_folder));
  }
  if (guess.has_own_validation) {
    guess.data +=
        fmt::format("  validation_source: {{path: {}}}\n", written(validation, config_folder));
  }
  return guess;
}

// Images or texts, whichever are more.
DataGuess guess_classes(const fs::path& folder, const fs::path& config_folder) {
  const fs::path split = split_folder(folder, {"train", "training"});
  const std::string root = (split.empty() ? folder : split).string();
  const LabelledFiles images = list_image_folder(root), texts = list_text_folder(root);
  const bool are_texts = texts.files.size() > images.files.size();
  const LabelledFiles& list = are_texts ? texts : images;
  check_classes(root, list);
  DataGuess guess = guess_splits(folder, config_folder, are_texts ? "texts" : "images");
  guess.samples = static_cast<int64_t>(list.files.size());
  guess.found = fmt::format("{} {} of {} classes", guess.samples, are_texts ? "texts" : "images",
                            list.classes.size());
  guess.metrics = "[accuracy, macro_f1, nll]";
  guess.watched = "nll";
  if (are_texts) {
    guess.data += "  missing: mean                      # blank texts: error | mean\n";
    suit_texts(guess);
    return guess;
  }
  std::vector<fs::path> files;
  for (const LabelledFile& file : list.files) files.emplace_back(file.path);
  suit_images(guess, files, list.classes);
  return guess;
}

DataGuess guess_synthetic() {
  DataGuess guess;
  guess.data =
      "  type: synthetic                   # made up, so that no file is needed\n"
      "  kind: image\n"
      "  samples: 2000\n";
  guess.model = "{type: mlp, hidden: [64]}";
  guess.metrics = "[accuracy, nll]";
  guess.found = "nothing: the data are made up";
  guess.samples = 2000;
  return guess;
}

DataGuess guess_folder(const fs::path& folder, const fs::path& config_folder) {
  const std::set<fs::path> files = files_in(folder);
  const fs::path images = named(files, {"train", "images", "idx3"});
  if (!images.empty()) return guess_idx(files, images, config_folder);
  const auto table = std::find_if(files.begin(), files.end(), is_table);
  const bool has_folder = std::any_of(files.begin(), files.end(),
                                      [](const fs::path& path) { return fs::is_directory(path); });
  if (table != files.end() && !has_folder) {
    throw_usage(folder.string(), "is a folder of tables", "one CSV file",
                "name it: maas init " + table->string());
  }
  return guess_classes(folder, config_folder);
}

}  // namespace

int64_t batch_size_for(const DataGuess& guess) {
  int64_t size = guess.batch_size;
  while (size > 1 && size * 4 > guess.samples * 7 / 10) size /= 2;
  return size;
}

int64_t epochs_for(const DataGuess& guess) {
  const int64_t steps = std::max<int64_t>(1, guess.samples * 7 / 10 / batch_size_for(guess));
  return std::clamp<int64_t>(guess.steps / steps, guess.least_epochs, 100);
}

// As measured by scripts/bench_text.py: a layer between the bag and the answer learns rows by
// heart.
void suit_texts(DataGuess& guess) {
  guess.model = "{type: mlp, hidden: []}";
  guess.steps = 1000;
  guess.label_smoothing = 0;
}

DataGuess guess_data(const fs::path& path, const fs::path& config_folder,
                     const GuessOptions& options) {
  const bool is_file = !path.empty() && !fs::is_directory(path);
  if (!is_file && (!options.label.empty() || !options.task.empty())) {
    throw_usage("command line", "--label or --task without a CSV file", "a table to predict from",
                "name the CSV file, or leave them out");
  }
  if (path.empty()) return guess_synthetic();
  if (fs::is_directory(path)) return guess_folder(path, config_folder);
  const MappedFile exists(path);  // refuses with a suggestion what is not there
  if (is_table(path)) return guess_table(path, written(path, config_folder), options);
  throw_usage(path.string(), "is neither a folder nor a .csv, .csv.gz or .tsv file",
              "data that maas reads",
              "name a CSV file, or the folder that holds images or IDX files");
}

}  // namespace maas
