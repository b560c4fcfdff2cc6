#include "tensor/json_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <variant>

#include "base/throw_error.h"

namespace maas {

void JsonView::fail(const std::string& what) const {
  throw_input(*where_, what, "", "the file is damaged or of another kind");
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
  if (element_.get(array) != simdjson::SUCCESS) fail("a list was expected: " + excerpt());
  std::vector<JsonView> all;
  for (const simdjson::dom::element item : array) all.emplace_back(item, where_);
  return all;
}

std::vector<std::pair<std::string_view, JsonView>> JsonView::members() const {
  simdjson::dom::object object;
  if (element_.get(object) != simdjson::SUCCESS) fail("an object was expected: " + excerpt());
  std::vector<std::pair<std::string_view, JsonView>> all;
  for (const auto field : object) all.emplace_back(field.key, JsonView(field.value, where_));
  return all;
}

std::pair<std::string_view, JsonView> JsonView::only_member() const {
  const auto all = members();
  if (all.size() != 1) fail("an object with one member was expected: " + excerpt());
  return all[0];
}

std::string JsonView::text() const {
  std::string_view text;
  if (element_.get(text) != simdjson::SUCCESS) fail("a string was expected: " + excerpt());
  return std::string(text);
}

int64_t JsonView::integer() const {
  int64_t number = 0;
  if (element_.get(number) != simdjson::SUCCESS) fail("an integer was expected: " + excerpt());
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
  fail("a number was expected: " + excerpt());
}

bool JsonView::flag() const {
  bool flag = false;
  if (element_.get(flag) != simdjson::SUCCESS) fail("true or false was expected: " + excerpt());
  return flag;
}

std::string JsonView::minified() const { return simdjson::minify(element_); }

std::string JsonView::excerpt() const {
  constexpr size_t kLongest = 80;
  std::string text = minified();
  if (text.size() <= kLongest) return text;
  size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // whole letters
  return text.substr(0, end) + "...";
}

namespace {

// Where the walk is: a chain of keys and indexes up to the root.
struct Place {
  const Place* parent = nullptr;
  std::variant<std::string_view, size_t> step;
};

std::string to_text(const Place* place) {
  std::string text;
  for (; place != nullptr; place = place->parent) {
    const auto* key = std::get_if<std::string_view>(&place->step);
    const std::string step =
        key != nullptr ? std::string(*key) : std::to_string(std::get<size_t>(place->step));
    text = text.empty() ? step : step + "/" + text;
  }
  return text;
}

// Readers differ on which of two equal keys they take, so a file with both means two things.
void refuse_repeated_keys(simdjson::dom::element element, const Place* place,
                          const std::string& where) {
  if (simdjson::dom::array array; element.get(array) == simdjson::SUCCESS) {
    size_t index = 0;
    for (const simdjson::dom::element item : array) {
      const Place inside{place, index++};
      refuse_repeated_keys(item, &inside, where);
    }
    return;
  }
  simdjson::dom::object object;
  if (element.get(object) != simdjson::SUCCESS) return;
  std::vector<std::string_view> keys;
  for (const auto field : object) {
    const Place inside{place, field.key};
    refuse_repeated_keys(field.value, &inside, where);
    keys.push_back(field.key);
  }
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return;
  const std::string inside = place == nullptr ? "" : " under '" + to_text(place) + "'";
  throw_input(where, fmt::format("two members named '{}'{}", *twice, inside), "one",
              "the file is damaged or of another kind");
}

}  // namespace

void refuse_repeated_keys(simdjson::dom::element element, const std::string& where) {
  refuse_repeated_keys(element, nullptr, where);
}

JsonView parse_json(simdjson::dom::parser& parser, std::string_view text,
                    const std::string& where) {
  constexpr size_t kDeepest = 64;
  simdjson::dom::element root;
  auto error = parser.allocate(text.size(), kDeepest);
  if (error == simdjson::SUCCESS) error = parser.parse(text.data(), text.size()).get(root);
  if (error != simdjson::SUCCESS) {
    throw_input(where, fmt::format("is not JSON: {}", simdjson::error_message(error)), "",
                "the file is damaged or of another kind");
  }
  refuse_repeated_keys(root, where);
  return {root, &where};
}

}  // namespace maas
