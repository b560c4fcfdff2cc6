#include "sample/raw_input.h"

#include <fmt/format.h>

#include "base/files.h"
#include "base/throw_error.h"
#include "sample/image_codec.h"
#include "sample/image_format.h"
#include "sample/table_stream.h"

namespace maas {
namespace {

constexpr int64_t kMostImageBytes = int64_t{256} << 20;

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

}  // namespace maas
