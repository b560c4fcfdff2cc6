// The parts of a form that a client posts (RFC 7578, in the framing of RFC 2046, section 5.1).
#pragma once

#include <string_view>
#include <vector>

namespace maas {

// Views of the body and of its headers.
struct FormPart {
  std::string_view name;          // never ""
  std::string_view filename;      // "" = none was told
  std::string_view content_type;  // "" = none was told
  std::string_view bytes;
};

inline constexpr size_t kMostFormParts = 16;

// `content_type`: of the request, "multipart/form-data; boundary=...". At least one part. Throws
// Error{kInput} for what is no well-formed form of at most kMostFormParts parts: a boundary that is
// absent or not of the allowed characters, bytes before the first part or after the last, a part
// without name, headers that are too long. Linear time.
std::vector<FormPart> parse_form(std::string_view body, std::string_view content_type);

}  // namespace maas
