#include "serve/samples/read_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "http/head.h"
#include "http/multipart.h"
#include "sample/cell_text.h"
#include "sample/image_format.h"
#include "serve/nested_lists.h"
#include "serve/request_json.h"

namespace maas {
namespace {

using simdjson::dom::element;

bool is_image_type(std::string_view type) {
  return type.size() > 6 && same_ignoring_case(type.substr(0, 6), "image/");
}

bool is_csv_type(std::string_view type) { return is_content_type(type, "text/csv"); }

bool is_text_type(std::string_view type) { return is_content_type(type, "text/plain"); }

// The text in the model's own encoding, where the type names another.
std::string in_charset(std::string_view bytes, std::string_view type, const SessionInfo& info) {
  const std::string charset = charset_of(type);
  const std::string own = info.samples ? info.samples->data.input.format.encoding : "utf-8";
  TableFormat given;
  given.encoding = charset == "us-ascii"     ? "utf-8"
                   : charset == "iso-8859-1" ? "latin-1"
                   : charset.empty()         ? own
                                             : charset;
  if (given.encoding == own) return std::string(bytes);
  if (given.encoding != "utf-8" && given.encoding != "latin-1" &&
      given.encoding != "windows-1252") {
    throw_input("body", fmt::format("the charset '{}'", charset.substr(0, 64)),
                "utf-8, iso-8859-1 or windows-1252");
  }
  if (own != "utf-8") {
    throw_input("body", fmt::format("the charset '{}', and the model reads {}", charset, own),
                "text in the encoding of the model's files, or JSON",
                "send {column: text} as JSON");
  }
  return to_utf8(std::string(bytes), given, "body");
}

bool is_form_type(std::string_view type) { return is_content_type(type, "multipart/form-data"); }

// The list of {"instances": [...]}, an envelope that KServe's clients send; else all of it.
ReadSamples read_json(std::string_view body, const SessionInfo& info) {
  const RequestJson json(body);
  simdjson::dom::object object;
  if (json.root().get(object) != simdjson::SUCCESS || object.size() != 1) {
    return read_samples(json.root(), info, "body");
  }
  element instances;
  const bool enveloped = object.at_key("instances").get(instances) == simdjson::SUCCESS;
  if (!enveloped) return read_samples(json.root(), info, "body");
  if (!instances.is_array()) throw_input("instances", "is not a list", "a list of samples");
  ReadSamples read =
      info.samples
          ? read_samples(instances, info, "instances")
          : ReadSamples{
                tensors_from_rows(rows_of(instances, "instances"), info, "instances"), {}, true};
  read.is_list = true;
  return read;
}

// What has no type, or one that says nothing, is told by its first bytes.
ReadSamples read_bytes(std::string_view bytes, const SessionInfo& info) {
  if (bytes.empty()) throw_input("body", "is empty", "an image file, JSON or CSV");
  const bool table = info.samples && info.samples->data.input.kind == InputKind::kTable;
  if (image_format_of(bytes) != nullptr) return read_image(bytes, info, "body");
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool json = first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[');
  if (json || !info.samples) return read_json(bytes, info);
  if (info.samples->data.input.is_one_text()) return read_text(bytes, info, "body");
  return table ? read_csv_rows(bytes, info, "body") : read_image(bytes, info, "body");
}

ReadSamples read_typed(std::string_view bytes, std::string_view type, const SessionInfo& info) {
  if (is_json_content_type(type)) return read_json(bytes, info);
  if (is_csv_type(type)) return read_csv_rows(bytes, info, "body");
  if (is_image_type(type)) return read_image(bytes, info, "body");
  if (is_text_type(type)) return read_text(in_charset(bytes, type, info), info, "body");
  return read_bytes(bytes, info);
}

const InputSpec* table_of(const SessionInfo& info) {
  const bool table = info.samples && info.samples->data.input.kind == InputKind::kTable;
  return table ? &info.samples->data.input : nullptr;
}

bool is_column(const InputSpec& table, std::string_view name) {
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const ColumnSpec& column) { return column.name == name; });
}

// Fields of a form that are called as columns are: a row.
ReadSamples read_fields(const std::vector<FormPart>& parts, const SessionInfo& info) {
  JsonWriter row;
  row.begin_object();
  for (const FormPart& part : parts) row.field(part.name, part.bytes);
  row.end_object();
  return read_samples_text(row.take(), info, "form");
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// "rio+de+janeiro", "%C3%A5": application/x-www-form-urlencoded, of the URL Standard, section 5.1.
std::string url_decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (escape) {
      plain += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

// Whether it is written as browsers write forms: curl says so of any body. Words have spaces.
bool is_url_form(std::string_view body) {
  const size_t equals = body.find('=');
  return equals != std::string_view::npos && equals > 0 &&
         body.find_first_of(" \t\r\n{[\"") == std::string_view::npos &&
         std::all_of(body.begin(), body.begin() + static_cast<int64_t>(equals), [](char c) {
           return c == '_' || c == '-' || c == '+' || c == '%' || (c >= '0' && c <= '9') ||
                  ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
         });
}

// "age=42&city=rome" whose first name is a column's: a row. Of anything else none: curl says of any
// body that it is such a form.
std::optional<std::string> row_of_url(std::string_view body, const InputSpec& table) {
  const std::string_view first = body.substr(0, body.find('='));
  if (first.size() == body.size() || !is_column(table, url_decoded(first))) return std::nullopt;
  std::map<std::string, std::string> fields;
  while (!body.empty()) {
    const size_t end = std::min(body.find('&'), body.size());
    const std::string_view field = body.substr(0, end);
    const size_t equals = std::min(field.find('='), field.size());
    const std::string name = url_decoded(field.substr(0, equals));
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    if (!fields.emplace(name, url_decoded(value)).second) {
      throw_input("form", fmt::format("'{}' is there twice", name.substr(0, 64)),
                  "a value for each column");
    }
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  JsonWriter row;
  row.begin_object();
  for (const auto& [name, value] : fields) row.field(name, value);
  return row.end_object().take();
}

ReadSamples read_form(const std::vector<FormPart>& parts, const SessionInfo& info) {
  const auto is_field = [&](const FormPart& part) {
    return table_of(info) != nullptr && part.filename.empty() &&
           is_column(*table_of(info), part.name);
  };
  if (std::any_of(parts.begin(), parts.end(), is_field)) return read_fields(parts, info);
  if (parts.size() == 1) return read_typed(parts[0].bytes, parts[0].content_type, info);
  std::vector<std::string_view> files;
  for (const FormPart& part : parts) {
    if (image_format_of(part.bytes) == nullptr) {
      throw_input(fmt::format("form, part '{}'", part.name.substr(0, 64)),
                  fmt::format("is one of {} parts and no image file", parts.size()),
                  table_of(info) != nullptr ? "one part with CSV or JSON, or a part for each column"
                                            : "image files, or one part with a list of samples");
    }
    files.push_back(part.bytes);
  }
  return read_images(files, info, "form");
}

}  // namespace

bool is_body_type(std::string_view type, const SessionInfo& info) {
  if (is_text_type(type)) return info.samples && info.samples->data.input.is_one_text();
  return type.empty() || is_json_content_type(type) || is_csv_type(type) || is_image_type(type) ||
         is_form_type(type) || is_content_type(type, "application/octet-stream") ||
         is_content_type(type, "application/x-www-form-urlencoded");
}

ReadSamples read_body(std::string_view body, std::string_view content_type,
                      const SessionInfo& info) {
  if (table_of(info) != nullptr &&
      is_content_type(content_type, "application/x-www-form-urlencoded")) {
    if (const auto row = row_of_url(body, *table_of(info))) {
      return read_samples_text(*row, info, "form");
    }
    if (table_of(info)->is_one_text() && is_url_form(body)) {
      throw_input(
          "form",
          fmt::format("names '{}'", url_decoded(body.substr(0, body.find('='))).substr(0, 64)),
          fmt::format("the column '{}'", table_of(info)->columns[0].name),
          "send a text as text/plain");
    }
  }
  if (!is_form_type(content_type)) return read_typed(body, content_type, info);
  return read_form(parse_form(body, content_type), info);
}

}  // namespace maas
