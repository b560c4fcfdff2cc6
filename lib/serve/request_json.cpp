#include "serve/request_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "base/throw_error.h"
#include "base/utf8.h"
#include "serve/json_fault.h"

namespace maas {
namespace {

using simdjson::dom::element;

constexpr size_t kMaxDepth = 64;
constexpr size_t kParserDepth = kMaxDepth + 1;  // simdjson's is one that it does not reach
constexpr size_t kMostMembers = 256;
constexpr size_t kKeptParserBytes = 512 << 10;  // of text; its memory is up to 14 times as much

thread_local simdjson::dom::parser thread_parser;

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected = "") {
  throw_input(where, what, expected);
}

[[noreturn]] void refuse_fault(std::string_view text, simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) {
    refuse("body", fmt::format("is not UTF-8 at byte {}", utf8_fault_offset(text)),
           "JSON in UTF-8");
  }
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  const bool marked = text.starts_with("\xEF\xBB\xBF");
  const size_t offset = marked ? 0 : json_fault_offset(text, kMaxDepth);
  if (error == simdjson::DEPTH_ERROR) {
    refuse("body", fmt::format("nests deeper than {} at byte {}", kMaxDepth, offset));
  }
  // Well-formed, but a number that no double holds, or half a surrogate pair.
  const bool bad_value = error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR;
  refuse("body",
         bad_value && offset == text.size()
             ? fmt::format("is not JSON ({})", simdjson::error_message(error))
             : fmt::format("is not JSON at byte {}", offset),
         "JSON");
}

}  // namespace

// Each value but the first has a comma before it. It takes two words of simdjson's tape, two
// indices of four bytes, and up to eight bytes of a tensor; strings are copied.
size_t json_reading_bytes(std::string_view text) {
  constexpr size_t kForAValue = 2 * 8 + 2 * 4 + 8;
  const auto commas = static_cast<size_t>(std::count(text.begin(), text.end(), ','));
  return kForAValue * (commas + 1) + text.size();
}

RequestJson::RequestJson(std::string_view text) {
  if (thread_parser.max_depth() != kParserDepth &&
      thread_parser.allocate(std::max<size_t>(text.size(), 1024), kParserDepth) !=
          simdjson::SUCCESS) {
    throw std::bad_alloc();
  }
  const auto error = text.starts_with("\xEF\xBB\xBF")
                         ? simdjson::TAPE_ERROR
                         : thread_parser.parse(text.data(), text.size(), false).get(root_);
  if (error != simdjson::SUCCESS) refuse_fault(text, error);
}

RequestJson::~RequestJson() {
  if (thread_parser.capacity() > kKeptParserBytes) thread_parser = simdjson::dom::parser();
}

JsonMembers::JsonMembers(element value, const std::string& where) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) refuse(where, "is not an object", "an object");
  for (const auto [key, member] : members) {
    const std::string_view name = key;
    const bool repeated = std::any_of(list_.begin(), list_.end(),
                                      [&](const auto& known) { return known.first == name; });
    if (repeated) {
      refuse(where, fmt::format("has '{}' twice", name.substr(0, 64)), "each member once");
    }
    if (list_.size() >= kMostMembers) refuse(where, "has too many members", "at most 256");
    list_.emplace_back(name, member);
  }
}

const element* JsonMembers::find(std::string_view name) const {
  for (const auto& [key, value] : list_) {
    if (key == name) return value.is_null() ? nullptr : &value;
  }
  return nullptr;
}

std::string_view JsonMembers::text(std::string_view name, const std::string& where) const {
  const element* value = find(name);
  if (value == nullptr) refuse(where, fmt::format("has no '{}'", name), "one");
  return text_of(*value, fmt::format("{}, {}", where, name));
}

JsonMembers parameters_of(const JsonMembers& members, const std::string& where) {
  const element* value = members.find("parameters");
  if (value == nullptr) return {};
  JsonMembers parameters(*value, where);
  for (const auto& [name, parameter] : parameters) {
    if (parameter.is_array() || parameter.is_object()) {
      refuse(fmt::format("{}, '{}'", where, name.substr(0, 64)), "is an array or an object",
             "a string, a number, true or false");
    }
  }
  return parameters;
}

std::string_view text_of(element value, const std::string& where) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) refuse(where, "is not a string", "a string");
  return text;
}

std::vector<element> elements_of(element value, const std::string& where) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) refuse(where, "is not an array", "an array");
  std::vector<element> list;
  for (const element item : array) {
    if (list.size() >= kMostMembers) refuse(where, "is too long", "at most 256 entries");
    list.push_back(item);
  }
  return list;
}

}  // namespace maas
