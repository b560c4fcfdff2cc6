#include "sample/raw_json.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/did_you_mean.h"
#include "base/name_first.h"
#include "base/throw_error.h"
#include "sample/image_format.h"
#include "sample/raw_input.h"
#include "sample/table_encoder.h"
#include "sample/trimmed_cell.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

using simdjson::dom::element;

// ---- images ----

// Sizes along the first element of every level.
std::vector<int64_t> outer_shape(element value) {
  std::vector<int64_t> shape;
  simdjson::dom::array array;
  while (value.get(array) == simdjson::SUCCESS) {
    int64_t size = 0;
    for ([[maybe_unused]] const element item : array) ++size;
    shape.push_back(size);
    if (size == 0) break;
    value = *array.begin();
  }
  return shape;
}

// How many values there are in the lists.
int64_t count_leaves(element value, size_t depth = 0) {
  constexpr size_t kDeepest = 64;
  simdjson::dom::array array;
  if (depth > kDeepest || value.get(array) != simdjson::SUCCESS) return 1;
  int64_t leaves = 0;
  for (const element item : array) leaves += count_leaves(item, depth + 1);
  return leaves;
}

class PixelReader {
 public:
  PixelReader(const std::string& name, std::vector<int64_t> shape)
      : name_(name), shape_(std::move(shape)), at_(shape_.size()) {}

  void read(element value, size_t depth, uint8_t*& to) {
    if (depth == shape_.size()) {
      *to++ = pixel(value);
      return;
    }
    simdjson::dom::array array;
    if (value.get(array) != simdjson::SUCCESS) fail("a list of pixels is missing");
    at_[depth] = 0;
    for (const element item : array) {
      if (at_[depth] == shape_[depth]) break;
      read(item, depth + 1, to);
      ++at_[depth];
    }
    const auto next = array.size();  // saturates at 0xffffff, which the shape check bounds
    if (at_[depth] != shape_[depth] || static_cast<int64_t>(next) > shape_[depth]) {
      fail(fmt::format("a list of {} values", next));
    }
  }

 private:
  uint8_t pixel(element value) const {
    double number = 0;
    if (value.get(number) == simdjson::SUCCESS && number >= 0 && number <= 255 &&
        number == std::floor(number)) {
      return static_cast<uint8_t>(number);
    }
    fail(fmt::format("the pixel is {}", simdjson::minify(value).substr(0, 60)));
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw_input(
        fmt::format("{}[{}]", name_, fmt::join(at_, "][")), what,
        fmt::format("whole numbers 0 to 255 in lists of shape [{}]", fmt::join(shape_, ", ")),
        "send pixels as they are in the image, not scaled");
  }

  const std::string& name_;
  std::vector<int64_t> shape_;
  std::vector<int64_t> at_;  // where in the lists, for messages
};

// True when `shape` from dimension `start` on is one image.
bool is_one_image(const std::vector<int64_t>& shape, size_t start, const InputSpec& spec) {
  const std::vector<int64_t> rest(shape.begin() + static_cast<int64_t>(start), shape.end());
  using Shape = std::vector<int64_t>;
  return rest == Shape{spec.channels, spec.height, spec.width} ||
         (spec.channels == 1 && rest == Shape{spec.height, spec.width}) ||
         rest == Shape{spec.channels * spec.height * spec.width};
}

std::vector<at::Tensor> decode_pixels_json(element root, const std::string& name,
                                           const InputSpec& spec) {
  const std::vector<int64_t> shape = outer_shape(root);
  const bool one = is_one_image(shape, 0, spec);
  const bool several = !one && !shape.empty() && shape[0] > 0 && is_one_image(shape, 1, spec);
  if (!one && !several) {
    if (shape.empty()) {
      throw_input(name, fmt::format("is {}", simdjson::minify(root).substr(0, 60)),
                  fmt::format("an image: pixels in lists of shape [{0}, {1}, {2}] or [{3}], or a "
                              "list of such",
                              spec.channels, spec.height, spec.width,
                              spec.channels * spec.height * spec.width),
                  fmt::format("the model takes images, no rows of a table: send whole numbers 0 to "
                              "255, or a {} file itself",
                              image_format_names()));
    }
    throw_input(name, fmt::format("the value has the shape [{}]", fmt::join(shape, ", ")),
                fmt::format("[{0}, {1}, {2}] or [{3}], or a list of such", spec.channels,
                            spec.height, spec.width, spec.channels * spec.height * spec.width),
                "send one image or a list of images of the model's size");
  }
  const int64_t images = one ? 1 : shape[0];
  const int64_t wanted = images * spec.channels * spec.height * spec.width;
  // Of lists of unequal lengths the first one says nothing of the memory that all need; reading
  // them fails at the first that is too short or too long.
  const int64_t held = std::min(wanted, count_leaves(root));
  at::Tensor out = at::empty({held}, at::kByte);
  auto* to = out.mutable_data_ptr<uint8_t>();
  PixelReader(name, shape).read(root, 0, to);
  return {out.view({images, spec.channels, spec.height, spec.width})};
}

// ---- tables ----

constexpr size_t kMostTold = 32;

class JsonRows final : public CellGrid {
 public:
  JsonRows(const std::string& name, const InputSpec& spec) : name_(name), spec_(spec) {
    for (const ColumnSpec& column : spec.columns) names_.push_back(column.name);
  }

  void add(element row) {
    simdjson::dom::object object;
    simdjson::dom::array array;
    if (row.get(object) == simdjson::SUCCESS) return add_object(object);
    if (row.get(array) == simdjson::SUCCESS) return add_array(array);
    throw_input(where(), fmt::format("a row is {}", simdjson::minify(row).substr(0, 60)),
                "an object {column: value} or a list of values", "");
  }

  // "body: column 'x' is absent in 2 rows and counts as missing", a line each, and what else is
  // read in another way than it stands there.
  void tell(const EncodedTable& table, std::vector<std::string>& warnings) const {
    EncodedTable odd;
    odd.unknown = table.unknown;
    odd.long_texts = table.long_texts;
    for (const MissingValues& missing : table.missing) {
      const auto absent = absent_.find(missing.column);
      const bool told = absent != absent_.end() && absent->second == missing.count;
      if (!told) odd.missing.push_back(missing);
    }
    tell_odd_values(odd, spec_, name_, warnings);
    for (const auto& [key, count] : strange_) {
      if (warnings.size() >= kMostTold) break;
      warnings.push_back(fmt::format("{}: '{}' in {} row{} is no column and counts for nothing",
                                     name_, key, count, count == 1 ? "" : "s"));
    }
    for (const auto& [column, count] : absent_) {
      warnings.push_back(fmt::format("{}: column '{}' is absent in {} row{} and counts as missing",
                                     name_, column, count, count == 1 ? "" : "s"));
    }
  }

  int64_t rows() const override {
    return static_cast<int64_t>(names_.empty() ? 0 : cells_.size() / names_.size());
  }
  Cell at(int64_t row, int64_t column) const override {
    return std::string_view(
        cells_[static_cast<size_t>(row) * names_.size() + static_cast<size_t>(column)]);
  }
  std::string place(int64_t row, int64_t column) const override {
    return fmt::format("{}[{}].{}", name_, row, names_[column]);
  }

 private:
  std::string where() const { return fmt::format("{}[{}]", name_, rows()); }

  void add_object(simdjson::dom::object object) {
    const std::string here = where();
    refuse_strangers(object, here);
    for (const std::string& column : names_) {
      element value;
      if (object.at_key(column).get(value) == simdjson::SUCCESS) {
        cells_.push_back(cell(value, here, column));
        continue;
      }
      refuse_absent(object, here, column);
      ++absent_[column];
      cells_.emplace_back();
    }
  }

  // Of a row whose names are all others': none of it would be heeded. Of others they are told.
  void refuse_strangers(simdjson::dom::object object, const std::string& here) {
    std::vector<std::string> strange;
    bool known = false;
    for (const auto field : object) {
      const std::string key(field.key);
      const bool is_column = std::find(names_.begin(), names_.end(), key) != names_.end();
      known = known || is_column;
      if (!is_column) strange.push_back(key);
    }
    const bool misspelt = std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
      return !nearest_name(name, strange).empty();  // refuse_absent() tells it
    });
    if (!known && !strange.empty() && !misspelt) {
      throw_input(here, fmt::format("names no column of the model, but {}", name_first(strange, 8)),
                  fmt::format("the columns {}", fmt::join(names_, ", ")),
                  "give the row itself: {column: value, ...}");
    }
    for (const std::string& key : strange) ++strange_[key];
  }

  // An absent key is a missing value where the model takes these, unless it is a misspelt one.
  void refuse_absent(simdjson::dom::object object, const std::string& here,
                     const std::string& column) const {
    std::vector<std::string> strange;
    for (const auto field : object) {
      const std::string key(field.key);
      if (std::count(names_.begin(), names_.end(), key) == 0) strange.push_back(key);
    }
    const std::string near = nearest_name(column, strange);
    if (spec_.missing != "error" && near.empty()) return;
    throw_input(here,
                near.empty() ? fmt::format("column '{}' is absent", column)
                             : fmt::format("column '{}' is absent; '{}' is given", column, near),
                fmt::format("the columns {}", fmt::join(names_, ", ")), "give every column");
  }

  void add_array(simdjson::dom::array array) {
    const std::string here = where();
    size_t column = 0;
    for (const element value : array) {
      if (column < names_.size()) cells_.push_back(cell(value, here, names_[column]));
      ++column;
    }
    if (column != names_.size()) {
      throw_input(here, fmt::format("{} values", column),
                  fmt::format("{}: {}", names_.size(), fmt::join(names_, ", ")),
                  "give one value for each column");
    }
  }

  std::string cell(element value, const std::string& here, const std::string& column) const {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return text_cell(text, column);
    if (value.is_null()) return {};
    if (value.is_array() || value.is_object()) {
      throw_input(here + "." + column, "is a list or an object", "a number, a string or null",
                  "send a row as {column: value}");
    }
    // A number of JSON has a point, whatever sign the table's text has.
    std::string written = simdjson::minify(value);
    if (value.is_number() && spec_.format.decimal != ".") {
      std::replace(written.begin(), written.end(), '.', spec_.format.decimal[0]);
    }
    return written;
  }

  // Without the spaces around it, as in CSV, unless training had them in quotes.
  std::string text_cell(std::string_view text, const std::string& name) const {
    const std::string_view trimmed = trimmed_cell(text);
    if (trimmed.size() == text.size()) return std::string(text);
    const bool is_known =
        std::any_of(spec_.columns.begin(), spec_.columns.end(), [&](const ColumnSpec& column) {
          const auto has = [&](const std::vector<std::string>& values) {
            return std::find(values.begin(), values.end(), text) != values.end();
          };
          return column.name == name && (has(column.categories) || has(column.rare));
        });
    return std::string(is_known ? text : trimmed);
  }

  const std::string& name_;
  const InputSpec& spec_;
  std::vector<std::string> names_;
  std::vector<std::string> cells_;          // row-major
  std::map<std::string, int64_t> absent_;   // rows without the column
  std::map<std::string, int64_t> strange_;  // rows with a name that is no column's
};

std::vector<at::Tensor> decode_rows_json(element root, const std::string& name,
                                         const InputSpec& spec,
                                         std::vector<std::string>* warnings) {
  JsonRows rows(name, spec);
  simdjson::dom::array array;
  const bool list = root.get(array) == simdjson::SUCCESS;
  if (list && array.begin() == array.end()) {
    throw_input(name, "an empty list", "at least one row", "");
  }
  const bool batch = list && ((*array.begin()).is_array() || (*array.begin()).is_object());
  if (batch) {
    for (const element row : array) rows.add(row);
  } else {
    rows.add(root);
  }
  EncodedTable table = encode_table(rows, spec);
  if (warnings != nullptr) rows.tell(table, *warnings);
  return std::move(table.inputs);
}

}  // namespace

std::vector<at::Tensor> decode_json(std::string_view text, const std::string& name,
                                    const InputSpec& spec, std::vector<std::string>* warnings) {
  simdjson::dom::parser parser;
  return decode_json(parse_json(parser, text, name).element(), name, spec, warnings);
}

bool is_one_image(element root, const InputSpec& spec) {
  return is_one_image(outer_shape(root), 0, spec);
}

std::vector<at::Tensor> decode_json(element root, const std::string& name, const InputSpec& spec,
                                    std::vector<std::string>* warnings) {
  if (spec.kind == InputKind::kImage) return decode_pixels_json(root, name, spec);
  refuse_repeated_keys(root, name);
  return decode_rows_json(root, name, spec, warnings);
}

}  // namespace maas
