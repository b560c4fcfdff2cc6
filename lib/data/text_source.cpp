// Texts in files: of a folder with a folder for each class. To a model they are a table of one
// column.
#include <fmt/format.h>

#include "base/files.h"
#include "base/throw_error.h"
#include "data/labelled_files.h"
#include "data/source.h"
#include "data/tensor_dataset.h"
#include "sample/table_encoder.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

// Files have no columns, and so no signs of numbers; but predict reads CSV of the texts, too.
TableFormat format_of(const DataConfig& config) {
  TableFormat format;
  format.encoding = config.encoding;
  return format;
}

class FileTexts final : public CellGrid {
 public:
  FileTexts(const std::vector<LabelledFile>& files, const DataConfig& config) : files_(files) {
    const TableFormat format = format_of(config);
    const bool takes_blank = config.missing == "mean";
    texts_.reserve(files.size());
    for (const LabelledFile& file : files) {
      texts_.push_back(plain_text(read_file(file.path, kMostTextBytes), format, file.path));
      if (takes_blank || !is_missing_text(texts_.back(), format)) continue;
      throw_input(file.path, "holds no text", "words",
                  "write some, remove the file, or set data.missing: mean");
    }
  }

  std::vector<std::string> first_texts() const {
    constexpr size_t kMostBytes = 160;
    std::vector<std::string> texts;
    texts.reserve(texts_.size());
    for (const std::string& text : texts_) texts.push_back(first_words(text, kMostBytes));
    return texts;
  }

  int64_t rows() const override { return static_cast<int64_t>(texts_.size()); }
  Cell at(int64_t row, int64_t /*column*/) const override {
    return std::string_view(texts_[static_cast<size_t>(row)]);
  }
  std::string place(int64_t row, int64_t /*column*/) const override {
    return files_[static_cast<size_t>(row)].path;
  }

 private:
  const std::vector<LabelledFile>& files_;
  std::vector<std::string> texts_;
};

class TextSource final : public Source {
 public:
  TextSource(const SourceRequest& request, LabelledFiles list)
      : config_(request.config),
        root_(request.where.path.path),
        files_(std::move(list.files)),
        classes_(std::move(list.classes)),
        texts_(files_, config_) {}

  int64_t size() const override { return texts_.rows(); }

  RowMarks marks() const override { return {.classes = classes_of(files_)}; }

  DataSpec learn(const at::Tensor& index, std::vector<std::string>& told) const override {
    DataSpec spec;
    spec.input.kind = InputKind::kTable;
    spec.input.format = format_of(config_);
    spec.input.missing = config_.missing;
    spec.input.columns = {{.name = "text", .type = ColumnType::kText, .categories = {}}};
    spec.input.text =
        learn_text_form(texts_, spec.input, index,
                        {.buckets = config_.text_buckets, .pieces = config_.text_pieces}, told);
    spec.task.labels = classes_;
    return spec;
  }

  std::shared_ptr<const Dataset> conform(const DataSpec& spec,
                                         std::vector<std::string>& warnings) const override {
    if (!spec.input.is_one_text() || spec.task.kind != TaskKind::kClassification) {
      throw_input(root_, "holds texts with one label each",
                  "data of one column of text for a classification",
                  "give data of the kind that the model was trained on");
    }
    at::Tensor targets = targets_of(files_, classes_, spec.task.labels);
    return tensor_dataset({.inputs = encode_rows(texts_, spec.input, root_, &warnings),
                           .targets = targets,
                           .spec = spec,
                           .name_of = [files = files_](int64_t i) { return files[i].name; },
                           .texts = texts_.first_texts()});
  }

 private:
  const DataConfig config_;
  const std::string root_;
  const std::vector<LabelledFile> files_;
  const std::vector<std::string> classes_;
  const FileTexts texts_;  // of files_
};

}  // namespace

std::unique_ptr<Source> open_text_source(const SourceRequest& request) {
  const std::string& root = request.where.path.path;
  LabelledFiles list = list_text_folder(root);
  for (const std::string& what : list.left_out) {
    request.warnings.push_back(fmt::format("{}: {}", request.split, what));
  }
  if (list.files.empty()) {
    throw_input(root, fmt::format("0 texts of {} classes", list.classes.size()),
                "texts in files called *.txt", "check the path");
  }
  return std::make_unique<TextSource>(request, std::move(list));
}

}  // namespace maas
