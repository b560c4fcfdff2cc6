// JSON documents that follow each other in one text
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace maas {

struct JsonDocument {
  std::string text;  // with the padding that the parser reads beyond the end
  int64_t line = 1;  // at which it starts
};

// Cuts where brackets close: documents may follow each other on lines of their own or not. What is
// no JSON stays in one piece, for the parser to complain about.
std::vector<JsonDocument> split_documents(const std::string& text);

}  // namespace maas
