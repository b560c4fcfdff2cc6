#include "http/multipart.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/throw_error.h"
#include "http/head.h"

namespace maas {
namespace {

constexpr size_t kMostPartHeaders = 16;
constexpr size_t kMostHeaderBytes = 1024;  // of a line

[[noreturn]] void refuse(const std::string& what, const std::string& expected) {
  throw_input("form", what, expected);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes `name=value` or `name="value"` off "; name=value; ...", and what it takes is gone from
// `rest`. A backslash in quotes stays as it is: browsers write %22 for a quote.
struct Parameter {
  std::string_view name, value;
};
Parameter take_parameter(std::string_view& rest, const std::string& where) {
  const auto broken = [&]() { refuse(where + " is broken", "parameters such as name=\"data\""); };
  if (rest.front() != ';') broken();
  rest = trimmed(rest.substr(1));
  const size_t equals = rest.find('=');
  if (equals == rest.npos || equals == 0) broken();
  Parameter parameter{trimmed(rest.substr(0, equals)), {}};
  rest.remove_prefix(equals + 1);
  size_t end = 0;
  if (rest.starts_with('"')) {
    end = rest.find('"', 1);
    if (end == rest.npos) broken();
    parameter.value = rest.substr(1, end - 1);
    ++end;
  } else {
    end = std::min(rest.find(';'), rest.size());
    parameter.value = trimmed(rest.substr(0, end));
  }
  rest = trimmed(rest.substr(end));
  return parameter;
}

// The value of a parameter of a header such as `form-data; name="data"`.
std::optional<std::string_view> parameter_of(std::string_view header, std::string_view name,
                                             const std::string& where) {
  std::string_view rest = header.substr(std::min(header.find(';'), header.size()));
  std::optional<std::string_view> found;
  while (!trimmed(rest).empty() && trimmed(rest) != ";") {
    rest = trimmed(rest);
    const Parameter parameter = take_parameter(rest, where);
    if (!same_ignoring_case(parameter.name, name)) continue;
    if (found) refuse(where + " has " + std::string(name) + " twice", "it once");
    found = parameter.value;
  }
  return found;
}

bool is_boundary(std::string_view text) {
  static constexpr std::string_view kSigns = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= 70 && !text.ends_with(' ') &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  kSigns.find(c) != kSigns.npos;
         });
}

class FormReader {
 public:
  FormReader(std::string_view body, std::string_view boundary)
      : rest_(body), delimiter_("\r\n--" + std::string(boundary)) {}

  std::vector<FormPart> read() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(2);
    const std::string_view first = std::string_view(delimiter_).substr(2);
    if (!rest_.starts_with(first)) refuse("does not begin with its boundary", "--boundary");
    rest_.remove_prefix(first.size());
    std::vector<FormPart> parts;
    while (!is_end()) {
      if (parts.size() >= kMostFormParts) refuse("has too many parts", "at most 16");
      parts.push_back(read_part());
    }
    if (!rest_.empty() && rest_ != "\r\n") refuse("has bytes behind its end", "none");
    if (parts.empty()) refuse("has no parts", "at least one");
    return parts;
  }

 private:
  // Behind a boundary: "--" ends the form, a line end begins a part.
  bool is_end() {
    if (rest_.starts_with("--")) {
      rest_.remove_prefix(2);
      return true;
    }
    while (rest_.starts_with(' ') || rest_.starts_with('\t')) rest_.remove_prefix(1);
    if (!rest_.starts_with("\r\n")) {
      refuse("has a boundary that neither begins a part nor ends the form",
             "a line end or -- behind it");
    }
    rest_.remove_prefix(2);
    return false;
  }

  FormPart read_part() {
    FormPart part;
    read_headers(part);
    if (part.name.empty()) {
      refuse("has a part without name", "Content-Disposition: form-data; name=\"data\"");
    }
    const size_t end = rest_.find(delimiter_);
    if (end == rest_.npos) refuse("ends within a part", "its boundary behind each");
    part.bytes = rest_.substr(0, end);
    rest_.remove_prefix(end + delimiter_.size());
    return part;
  }

  void read_headers(FormPart& part) {
    for (size_t count = 0; count <= kMostPartHeaders; ++count) {
      // A part without bytes may end at its headers.
      const size_t end = rest_.substr(0, kMostHeaderBytes + 2).find("\r\n");
      if (end == rest_.npos) refuse("has a part whose headers do not end", "an empty line");
      const std::string_view line = rest_.substr(0, end);
      rest_.remove_prefix(end + 2);
      if (line.empty()) return back_over_line_end();
      read_header(line, part);
    }
    refuse("has a part with too many headers", "at most 16");
  }

  // The delimiter's own line end may be that of the empty line: a part of no bytes.
  void back_over_line_end() {
    const std::string_view first = std::string_view(delimiter_).substr(2);
    if (rest_.starts_with(first)) rest_ = {rest_.data() - 2, rest_.size() + 2};
  }

  static void read_header(std::string_view line, FormPart& part) {
    const size_t colon = line.find(':');
    const bool plain = std::all_of(line.begin(), line.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x20 || c == '\t';
    });
    if (colon == line.npos || colon == 0 || !plain) {
      refuse("has a part with a header that is none", "name: value");
    }
    const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (same_ignoring_case(name, "Content-Type")) part.content_type = value;
    if (!same_ignoring_case(name, "Content-Disposition")) return;
    if (!part.name.empty()) refuse("has a part with two names", "one Content-Disposition");
    if (!is_content_type(value, "form-data")) {
      refuse("has a part that is not form-data", "Content-Disposition: form-data");
    }
    const std::string where = "has a Content-Disposition that";
    part.name = parameter_of(value, "name", where).value_or("");
    part.filename = parameter_of(value, "filename", where).value_or("");
  }

  std::string_view rest_;
  const std::string delimiter_;
};

}  // namespace

std::vector<FormPart> parse_form(std::string_view body, std::string_view content_type) {
  const std::string_view boundary =
      parameter_of(content_type, "boundary", "has a Content-Type that").value_or("");
  if (!is_boundary(boundary)) {
    refuse("has no boundary in its Content-Type, or one that is not allowed",
           "multipart/form-data; boundary=... of 1 to 70 letters, digits and '()+_,-./:=?");
  }
  return FormReader(body, boundary).read();
}

}  // namespace maas
