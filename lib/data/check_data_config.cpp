#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "data/data_config.h"

namespace maas {
namespace {

class Checker {
 public:
  explicit Checker(const DataConfig& config) : data_(config) {}

  std::vector<Problem> run() {
    check_source("data.train", data_.train, true);
    check_source("data.test", data_.test, false);
    check_source("data.validation_source", data_.validation_source, false);
    check_fractions();
    if (data_.is_table()) check_no_image_settings();
    if (data_.type == "csv") check_table();
    if (data_.type == "image_list") check_image_list();
    if (data_.type == "texts" && data_.missing == "drop") {
      add("data.missing", "'drop' for files of text", "error or mean", "remove the blank files");
    }
    if (data_.type == "csv") check_kept_apart();
    if (data_.type == "synthetic") check_synthetic();
    if ((data_.height == 0) != (data_.width == 0)) {
      add("data.height", fmt::format("height {} with width {}", data_.height, data_.width),
          "both, or neither");
    }
    return std::move(problems_);
  }

 private:
  void add(std::string where, std::string what, std::string expected, std::string fix = "") {
    problems_.push_back({.where = std::move(where),
                         .what = std::move(what),
                         .expected = std::move(expected),
                         .fix = std::move(fix)});
  }

  void check_source(const std::string& name, const SourceConfig& source, bool required) {
    if (data_.type == "synthetic") return;
    if (!source.given()) {
      if (required) add(name, "is missing", "", "say where the training samples lie");
      return;
    }
    const bool pair = !source.images.path.empty() && !source.labels.path.empty();
    const bool path = !source.path.path.empty();
    if (data_.type == "idx" && (!pair || path)) {
      add(name, "does not name two files", "{images: FILE, labels: FILE} for type idx");
    }
    if (data_.type != "idx" &&
        (!path || !source.images.path.empty() || !source.labels.path.empty())) {
      add(name, "names images or labels", fmt::format("a path for type {}", data_.type));
    }
  }

  void check_fractions() {
    if (data_.validation > 0 && data_.validation_source.given()) {
      add("data.validation", "is given beside validation_source", "one of them",
          "leave data.validation out, or set data.validation=0: the source has the rows");
    }
    if (data_.test_fraction > 0 && data_.test.given()) {
      add("data.test_fraction", "is given beside test", "one of them",
          "set data.test_fraction=0 to test on data.test, or leave data.test out to test on a part "
          "of data.train");
    }
    if (data_.validation + data_.test_fraction > 0.95) {
      add("data.validation",
          fmt::format("validation {} and test_fraction {} leave too little to train on",
                      data_.validation, data_.test_fraction),
          "at most 0.95 together", "lower one of them");
    }
  }

  void check_no_image_settings() {
    if (!data_.augment.empty()) add("data.augment", "is given for a table", "images");
    if (data_.normalize == "unit" || data_.normalize == "imagenet") {
      add("data.normalize", fmt::format("'{}', of pixels, for a table", data_.normalize),
          "none or standardize");
    }
  }

  void check_table() {
    if (data_.label.empty() == data_.labels.empty()) {
      add("data.label", data_.label.empty() ? "is missing" : "is given beside labels",
          "the name of the column to predict, or several in labels");
    }
    if (data_.task == "classification" && data_.labels.size() > 1) {
      add("data.labels", fmt::format("{} columns", data_.labels.size()), "one for classification",
          "set data.task to multi_label or regression");
    }
    check_delimiter();
    if (data_.thousands == data_.decimal && data_.decimal != "auto") {
      add("data.thousands", fmt::format("'{}', as data.decimal", data_.thousands), "another sign");
    }
    for (const auto& [name, type] : data_.columns) {
      if (type != "numeric" && type != "date" && type != "categorical" && type != "text" &&
          type != "ignore") {
        add("data.columns." + name, fmt::format("'{}'", type),
            "numeric, date, categorical, text or ignore");
      }
    }
  }

  void check_delimiter() {
    if (data_.delimiter.size() != 1 && data_.delimiter != "\\t") {
      add("data.delimiter", fmt::format("'{}'", data_.delimiter), "one character, or \\t");
    }
    if (data_.delimiter == "\"" || data_.delimiter == "\n" || data_.delimiter == "\r") {
      add("data.delimiter", "a quote or line end", "another character");
    }
  }

  void check_image_list() {
    check_delimiter();
    const std::string label = data_.label_columns().at(0);
    if (data_.image.empty() || data_.image == label) {
      add("data.image", fmt::format("'{}' beside the label '{}'", data_.image, label),
          "the name of the column of paths");
    }
  }

  // Columns that decide which rows of train are kept apart.
  void check_kept_apart() {
    if (!data_.group.empty() && !data_.order.empty()) {
      add("data.group", "is given beside order", "one of them",
          "the last rows by data.order are of whatever group: leave one out");
    }
    const std::vector<std::string> labels = data_.label_columns();
    for (const auto& [where, column] :
         {std::pair("data.group", data_.group), std::pair("data.order", data_.order)}) {
      if (column.empty()) continue;
      if (std::count(labels.begin(), labels.end(), column) > 0) {
        add(where, fmt::format("'{}' is the label", column), "another column");
      }
    }
  }

  void check_synthetic() {
    constexpr int64_t kMostValues = int64_t{1} << 33;
    const bool image = data_.kind == "image";
    if (image && data_.task != "classification") {
      add("data.task", fmt::format("{} of made-up images", data_.task), "classification");
    }
    if (data_.classes < 2 && (image || data_.task == "classification")) {
      add("data.classes", fmt::format("{}", data_.classes), "2 or more");
    }
    const int64_t side = int64_t{28} * 28;
    const int64_t pixels = data_.height > 0 ? data_.height * data_.width : side;
    const int64_t each =
        image ? pixels * (data_.channels > 0 ? data_.channels : 1) : data_.features;
    if (each > kMostValues / (data_.samples + data_.classes)) {
      add("data.samples", fmt::format("{} samples of {} values", data_.samples, each),
          fmt::format("at most {} values in all", kMostValues));
    }
  }

  const DataConfig& data_;
  std::vector<Problem> problems_;
};

}  // namespace

void check_data_config(const DataConfig& config) {
  std::vector<Problem> problems = Checker(config).run();
  if (!problems.empty()) throw Error(ErrorKind::kUsage, std::move(problems));
}

}  // namespace maas
