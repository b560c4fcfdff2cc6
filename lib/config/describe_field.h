// What fields say about themselves, shared by messages, help and the schema.
#pragma once

#include <string>

#include "base/json_writer.h"
#include "config/fields.h"

namespace maas {

// "a whole number from 1 to 65536", "one of sgd, adam", "true or false", ...: what a field takes.
std::string allowed_text(const Field& field);

// The same for one item of a field that is a list.
std::string allowed_item_text(const Field& field);

// How one would write it: "[128, 64]", "5%", ...; "" when there is nothing to show.
std::string example_text(const Field& field);

// The field's present value as YAML in flow style, for "default" in messages and help.
std::string value_text(const Field& field);

// A scalar as it stands in JSON, which is YAML as well.
void write_value(JsonWriter& json, const InputPath& path);
void write_value(JsonWriter& json, const Quantity& quantity);
template <typename T>
void write_value(JsonWriter& json, const T& plain) {
  json.value(plain);
}

// It holds settings or a list of settings, not a value.
bool is_section(const Field& field);

// An optional without a value, or a path that was not given: nothing to write.
bool is_absent(const Field& field);

// The field's selector (only_for) holds, given its siblings' present values.
bool applies(const Field& field, const Fields& siblings);

// A number that may have a fraction.
bool takes_fractions(const Field& field);

// There is something to write: it applies, is not absent, and not moot beside a sibling that is
// given (unless).
bool is_written(const Field& field, const Fields& siblings);

}  // namespace maas
