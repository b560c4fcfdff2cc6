#include "json_documents.h"

#include <simdjson.h>

namespace maas {

std::vector<JsonDocument> split_documents(const std::string& text) {
  std::vector<JsonDocument> documents;
  size_t start = text.npos;
  int64_t line = 1, start_line = 1, depth = 0;
  bool quoted = false;
  const auto cut = [&](size_t end) {
    JsonDocument document{"", start_line};
    document.text.reserve(end - start + simdjson::SIMDJSON_PADDING);
    document.text.assign(text, start, end - start);
    documents.push_back(std::move(document));
    start = text.npos;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (start == text.npos && c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      start = i;
      start_line = line;
    }
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      i += c == '\\' ? 1 : 0;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      cut(i + 1);
    }
  }
  if (start != text.npos) cut(text.size());
  return documents;
}

}  // namespace maas
