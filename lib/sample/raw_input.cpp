#include "sample/raw_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/throw_error.h"
#include "sample/image_codec.h"
#include "sample/image_format.h"
#include "sample/table_stream.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

constexpr int64_t kMostImageBytes = int64_t{256} << 20;

// Rows of the only column.
class PlainTexts final : public CellGrid {
 public:
  // first_line: 0 = it is a text of several lines.
  PlainTexts(std::vector<std::string_view> texts, const std::string& name, int64_t first_line = 0)
      : texts_(std::move(texts)), name_(name), first_line_(first_line) {}
  int64_t rows() const override { return static_cast<int64_t>(texts_.size()); }
  Cell at(int64_t row, int64_t /*column*/) const override {
    return texts_[static_cast<size_t>(row)];
  }
  std::string place(int64_t row, int64_t /*column*/) const override {
    return first_line_ == 0 ? name_ : fmt::format("{}:{}", name_, first_line_ + row);
  }

 private:
  std::vector<std::string_view> texts_;
  const std::string& name_;
  int64_t first_line_;
};

void refuse_text(const std::string& name, const InputSpec& spec) {
  if (spec.is_one_text()) return;
  const bool is_table = spec.kind == InputKind::kTable;
  throw_input(name, "is a text",
              is_table ? "rows of the model's columns" : "an image, as the model takes",
              is_table ? "give CSV or JSON" : fmt::format("give a {} file", image_format_names()));
}

}  // namespace

std::vector<at::Tensor> decode_image(std::string_view bytes, const std::string& name,
                                     const InputSpec& spec) {
  if (spec.kind != InputKind::kImage) {
    throw_input(name, "is an image", "rows of a table, as the model takes", "give CSV or JSON");
  }
  return {decode_to_fit(bytes, name, spec).unsqueeze(0)};
}

std::vector<at::Tensor> decode_image_file(const std::string& path, const InputSpec& spec) {
  return decode_image(read_file(path, kMostImageBytes), path, spec);
}

std::vector<at::Tensor> decode_csv(std::string_view text, const std::string& name,
                                   const InputSpec& spec, std::vector<std::string>* warnings) {
  if (spec.kind != InputKind::kTable) {
    throw_input(name, "is a table", "an image, as the model takes",
                fmt::format("give a {} file", image_format_names()));
  }
  const CsvGrid grid = grid_of_model(read_csv(std::string(text), name, spec.format), spec);
  if (grid.rows() == 0) throw_input(name, "0 rows after the header", "at least 1", "add rows");
  return encode_rows(grid, spec, name, warnings);
}

std::vector<at::Tensor> decode_text(std::string text, const std::string& name,
                                    const InputSpec& spec, std::vector<std::string>* warnings) {
  refuse_text(name, spec);
  text = plain_text(std::move(text), spec.format, name);
  return encode_rows(PlainTexts({text}, name), spec, name, warnings);
}

std::vector<at::Tensor> decode_text_lines(std::string text, const std::string& name,
                                          const InputSpec& spec, int64_t first_line,
                                          std::vector<std::string>* warnings) {
  refuse_text(name, spec);
  text = first_line == 1 ? plain_text(std::move(text), spec.format, name)
                         : to_utf8(std::move(text), spec.format, name);
  std::vector<std::string_view> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  while (!lines.empty() && is_missing_text(lines.back(), spec.format)) lines.pop_back();
  if (lines.empty()) throw_input(name, "holds no text", "a text a line", "write one");
  return encode_rows(PlainTexts(std::move(lines), name, first_line), spec, name, warnings);
}

}  // namespace maas
