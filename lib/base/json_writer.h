// Appends JSON to a string; numbers by std::to_chars, so the locale does not matter.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace maas {

// Streaming writer of one value. The caller nests begin/end and key/value rightly (checked: a value
// without a key inside an object, or a second outermost value, is an internal error). NaN and
// infinities become null, as JSON has none.
//   JsonWriter json; json.begin_object().key("verb").value("eval").end_object(); json.text();
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(double number);  // shortest form that reads back to the same double
  JsonWriter& value(float number);   // shortest form that reads back to the same float
  JsonWriter& value(int64_t number);
  JsonWriter& value(int number) { return value(static_cast<int64_t>(number)); }
  JsonWriter& value(uint64_t number);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // a value that is JSON already

  // key + value in one call.
  template <class T>
  JsonWriter& field(std::string_view name, const T& what) {
    return key(name).value(what);
  }

  const std::string& text() const { return text_; }
  std::string take() { return std::move(text_); }

 private:
  void before_value();
  std::string text_;
  std::vector<char> nesting_;  // '{' or '[' for each open one
  bool first_ = true;          // nothing written yet in the innermost one
  bool after_key_ = false;
};

// `text` as a JSON string with quotes; invalid UTF-8 bytes become U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace maas
