#include "serve/samples/read_samples.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "base/throw_error.h"
#include "http/wire.h"
#include "sample/raw_input.h"
#include "sample/raw_json.h"
#include "serve/nested_lists.h"

namespace maas {
namespace {

using simdjson::dom::element;

const InputSpec& spec_of(const SessionInfo& info, const std::string& where) {
  if (info.samples) return info.samples->data.input;
  throw_input(where, "is for models that say how their data look",
              fmt::format("tensors as nested lists in JSON, of {}", names_of(info.inputs)));
}

// The text of {"b64": text}; null: it is something else.
std::optional<std::string_view> encoded_file(element value) {
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS || object.size() != 1) return std::nullopt;
  std::string_view text;
  for (const char* name : {"b64", "data"}) {
    if (object.at_key(name).get(text) == simdjson::SUCCESS) return text;
  }
  return std::nullopt;
}

at::Tensor image_of(std::string_view encoded, const InputSpec& spec, const std::string& where) {
  const auto bytes = from_base64(encoded);
  if (!bytes) throw_input(where, "is not base64", "an image file in base64");
  return decode_image(*bytes, where, spec).at(0);
}

void check_image_count(size_t count, const InputSpec& spec, const std::string& where) {
  const int64_t bytes = spec.channels * spec.height * spec.width;
  const auto most = std::min(kMostImages, static_cast<size_t>(kMostImageBytes / bytes));
  if (count <= most) return;
  throw_input(where, "are too many image files for one request", fmt::format("at most {}", most));
}

// A list of encoded files; nothing where the first is none.
std::optional<ReadSamples> read_files(element value, const InputSpec& spec,
                                      const std::string& where) {
  simdjson::dom::array list;
  if (value.get(list) != simdjson::SUCCESS) {
    const auto file = encoded_file(value);
    if (!file) return std::nullopt;
    return ReadSamples{{image_of(*file, spec, where)}, {}, false};
  }
  if (list.begin() == list.end() || !encoded_file(*list.begin())) return std::nullopt;
  std::vector<at::Tensor> images;
  for (const element item : list) {
    const std::string place = fmt::format("{}[{}]", where, images.size());
    const auto file = encoded_file(item);
    if (!file) throw_input(place, "is no image file", R"({"b64": "..."}, as the first)");
    check_image_count(images.size() + 1, spec, where);
    images.push_back(image_of(*file, spec, place));
  }
  return ReadSamples{{at::cat(images)}, {}, true};
}

bool is_row(element value) { return value.is_array() || value.is_object(); }

// Before a cell is looked at: `{}` may stand for a row of many columns, and a text of one word
// becomes as many numbers as the longest has.
void check_rows(int64_t rows, const InputSpec& spec, const std::string& where) {
  const auto columns = static_cast<int64_t>(std::max<size_t>(spec.columns.size(), 1));
  const int64_t most = kMostCells / (columns + spec.text.pieces);
  if (rows <= most) return;
  throw_input(where, fmt::format("has {} rows of {} columns", rows, columns),
              fmt::format("at most {} rows in a request", most));
}

int64_t rows_in(element value) {
  int64_t rows = 0;
  if (simdjson::dom::array list; value.get(list) == simdjson::SUCCESS) {
    for ([[maybe_unused]] const element row : list) ++rows;
  }
  return rows;
}

bool is_list_of_rows(element value) {
  simdjson::dom::array list;
  return value.get(list) == simdjson::SUCCESS && list.begin() != list.end() &&
         is_row(*list.begin());
}

}  // namespace

ReadSamples read_image(std::string_view bytes, const SessionInfo& info, const std::string& where) {
  return {decode_image(bytes, where, spec_of(info, where)), {}, false};
}

ReadSamples read_images(const std::vector<std::string_view>& files, const SessionInfo& info,
                        const std::string& where) {
  const InputSpec& spec = spec_of(info, where);
  check_image_count(files.size(), spec, where);
  std::vector<at::Tensor> images;
  for (const std::string_view file : files) {
    images.push_back(decode_image(file, fmt::format("{}[{}]", where, images.size()), spec).at(0));
  }
  return {{at::cat(images)}, {}, true};
}

ReadSamples read_samples_text(std::string text, const SessionInfo& info, const std::string& where) {
  text.reserve(text.size() + kBodyPadding);
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(text.data(), text.size(), false).get(root)) {
    throw_input(where, simdjson::error_message(error), "rows");
  }
  return read_samples(root, info, where);
}

ReadSamples read_samples(element value, const SessionInfo& info, const std::string& where) {
  if (!info.samples) {
    auto tensors = tensors_from_lists(value, info);
    if (tensors) return {std::move(*tensors), {}, true};
    throw_input(where, "is not what this model takes",
                fmt::format("its inputs {} by name, as nested lists", names_of(info.inputs)));
  }
  const InputSpec& spec = info.samples->data.input;
  ReadSamples read;
  if (spec.kind == InputKind::kImage) {
    if (auto files = read_files(value, spec, where)) return std::move(*files);
    read.inputs = decode_json(value, where, spec);
    read.is_list = !is_one_image(value, spec);
    return read;
  }
  check_rows(rows_in(value), spec, where);
  read.is_list = is_list_of_rows(value);
  read.inputs = decode_json(value, where, spec, &read.warnings);
  return read;
}

ReadSamples read_csv_rows(std::string_view text, const SessionInfo& info,
                          const std::string& where) {
  const InputSpec& spec = spec_of(info, where);
  const char delimiter = spec.format.delimiter.empty() ? ',' : spec.format.delimiter[0];
  const auto cells = std::count_if(
      text.begin(), text.end(), [&](char c) { return c == delimiter || c == '\n' || c == '\r'; });
  if (cells > kMostCells) {
    throw_input(where, "has too many cells", fmt::format("at most {} in a request", kMostCells));
  }
  if (spec.has_text()) {
    check_rows(
        std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }),
        spec, where);
  }
  ReadSamples read;
  read.inputs = decode_csv(text, where, spec, &read.warnings);
  return read;
}

ReadSamples read_text(std::string_view text, const SessionInfo& info, const std::string& where) {
  ReadSamples read;
  read.is_list = false;
  read.inputs = decode_text(std::string(text), where, spec_of(info, where), &read.warnings);
  return read;
}

}  // namespace maas
