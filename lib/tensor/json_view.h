// Checked look-ups in parsed JSON: a missing or mistyped member is an Error that names the place.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

namespace maas {

// A view of an element of a document that the caller keeps alive. `where` names file and record.
class JsonView {
 public:
  JsonView(simdjson::dom::element element, const std::string* where)
      : element_(element), where_(where) {}

  JsonView at(std::string_view key) const;
  bool has(std::string_view key) const;  // false for null members, too
  std::vector<JsonView> items() const;   // of an array
  std::vector<std::pair<std::string_view, JsonView>> members() const;
  // The one member of a union such as {"as_int": 3}.
  std::pair<std::string_view, JsonView> only_member() const;
  std::string text() const;
  int64_t integer() const;
  double number() const;  // also "Infinity", "-Infinity", "NaN"
  bool flag() const;
  bool is_null() const { return element_.is_null(); }
  std::string minified() const;
  std::string excerpt() const;  // its first 80 characters, for messages
  // The same element, with another place in its messages.
  JsonView placed(const std::string* where) const { return {element_, where}; }
  simdjson::dom::element element() const { return element_; }

 private:
  [[noreturn]] void fail(const std::string& what) const;
  simdjson::dom::element element_;
  const std::string* where_;
};

// Parses strictly, with a depth limit of 64; a key that an object holds twice is refused. `parser`
// owns the result; it and `where` must outlive the views.
JsonView parse_json(simdjson::dom::parser& parser, std::string_view text, const std::string& where);

// Refuses an object anywhere in `element` that holds a key twice: readers differ on which they
// take.
void refuse_repeated_keys(simdjson::dom::element element, const std::string& where);

}  // namespace maas
