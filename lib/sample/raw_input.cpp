#include "sample/raw_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/throw_error.h"
#include "sample/csv_grid.h"
#include "sample/image_codec.h"

namespace maas {
namespace {

constexpr int64_t kMostImageBytes = int64_t{256} << 20;

bool names_every_column(const CsvTable& table, const InputSpec& spec) {
  return std::all_of(spec.columns.begin(), spec.columns.end(), [&](const ColumnSpec& column) {
    for (int64_t c = 0; c < table.columns(); ++c) {
      if (table.at(0, c) == column.name) return true;
    }
    return false;
  });
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
    throw_input(name, "is a table", "an image, as the model takes", "give a PNG or JPEG file");
  }
  CsvTable table = parse_csv(std::string(text), name, ',');
  const bool has_header = table.rows() > 0 && names_every_column(table, spec);
  const auto wanted = static_cast<int64_t>(spec.columns.size());
  if (table.rows() > 0 && !has_header && table.columns() != wanted) {
    CsvGrid(std::move(table), {.has_header = true}).select(spec.columns);  // names what is absent
  }
  CsvGrid grid(std::move(table), {.has_header = has_header});
  if (has_header) {
    grid.select(spec.columns);
  } else {
    grid.select_all();
  }
  if (grid.rows() == 0) throw_input(name, "0 rows after the header", "at least 1", "add rows");
  return encode_rows(grid, spec, name, warnings);
}

}  // namespace maas
