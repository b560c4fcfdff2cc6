#include "tensor/json_view.h"

#include <fmt/format.h>

#include <limits>

#include "base/error.h"

namespace maas {

void JsonView::fail(const std::string& what) const {
  throw Error(ErrorKind::kInput, {.where = *where_,
                                  .what = what,
                                  .expected = "",
                                  .fix = "the file is damaged or of another kind",
                                  .excerpt = ""});
}

JsonView JsonView::at(std::string_view key) const {
  simdjson::dom::element found;
  if (element_.at_key(key).get(found) != simdjson::SUCCESS) {
    fail(fmt::format("member '{}' is missing", key));
  }
  return {found, where_};
}

bool JsonView::has(std::string_view key) const {
  simdjson::dom::element found;
  return element_.at_key(key).get(found) == simdjson::SUCCESS && !found.is_null();
}

std::vector<JsonView> JsonView::items() const {
  simdjson::dom::array array;
  if (element_.get(array) != simdjson::SUCCESS) fail("a list was expected: " + minified());
  std::vector<JsonView> all;
  for (const simdjson::dom::element item : array) all.emplace_back(item, where_);
  return all;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::members() const {
  simdjson::dom::object object;
  if (element_.get(object) != simdjson::SUCCESS) fail("an object was expected: " + minified());
  std::vector<std::pair<std::string_view, JsonView>> all;
  for (const auto field : object) all.emplace_back(field.key, JsonView(field.value, where_));
  return all;
}

std::pair<std::string_view, JsonView> JsonView::only_member() const {
  const auto all = members();
  if (all.size() != 1) fail("an object with one member was expected: " + minified());
  return all[0];
}

std::string JsonView::text() const {
  std::string_view text;
  if (element_.get(text) != simdjson::SUCCESS) fail("a string was expected: " + minified());
  return std::string(text);
}

int64_t JsonView::integer() const {
  int64_t number = 0;
  if (element_.get(number) != simdjson::SUCCESS) fail("an integer was expected: " + minified());
  return number;
}

double JsonView::number() const {
  double number = 0;
  if (element_.get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (element_.get(text) == simdjson::SUCCESS) {
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  }
  fail("a number was expected: " + minified());
}

bool JsonView::flag() const {
  bool flag = false;
  if (element_.get(flag) != simdjson::SUCCESS) fail("true or false was expected: " + minified());
  return flag;
}

std::string JsonView::minified() const { return simdjson::minify(element_); }

JsonView parse_json(simdjson::dom::parser& parser, std::string_view text,
                    const std::string& where) {
  constexpr size_t kDeepest = 64;
  simdjson::dom::element root;
  auto error = parser.allocate(text.size(), kDeepest);
  if (error == simdjson::SUCCESS) error = parser.parse(text.data(), text.size()).get(root);
  if (error != simdjson::SUCCESS) {
    throw Error(ErrorKind::kInput,
                {.where = where,
                 .what = fmt::format("is not JSON: {}", simdjson::error_message(error)),
                 .expected = "",
                 .fix = "the file is damaged or of another kind",
                 .excerpt = ""});
  }
  return {root, &where};
}

}  // namespace maas
