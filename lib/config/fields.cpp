#include "config/fields.h"

namespace maas {

Field& Field::doc(std::string text) {
  doc_text = std::move(text);
  return *this;
}
Field& Field::at_least(double bound) {
  lowest = bound;
  return *this;
}
Field& Field::above(double bound) {
  lowest = bound;
  lowest_open = true;
  return *this;
}
Field& Field::between(double low, double high) {
  lowest = low;
  highest = high;
  return *this;
}
Field& Field::one_of(std::vector<std::string> words) {
  choices = std::move(words);
  return *this;
}
Field& Field::in_units(std::vector<std::string> names) {
  units = std::move(names);
  return *this;
}
Field& Field::only_for(std::string key, std::vector<std::string> values) {
  selector = std::move(key);
  selected_by = std::move(values);
  return *this;
}
Field& Field::shorthand(std::string key) {
  shorthand_key = std::move(key);
  return *this;
}
Field& Field::or_alone(std::vector<std::string> words) {
  lone_words = std::move(words);
  return *this;
}
Field& Field::or_one() {
  takes_one = true;
  return *this;
}
Field& Field::worded(std::map<std::string, std::string> keys) {
  word_keys = std::move(keys);
  return *this;
}
Field& Field::instead_of(std::vector<std::string> keys) {
  replaced = std::move(keys);
  return *this;
}
Field& Field::unless(std::string key) {
  moot_beside = std::move(key);
  return *this;
}
Field& Field::required() {
  is_required = true;
  return *this;
}

Field& Fields::add(const std::string& name, FieldTarget target) {
  auto field = std::make_unique<Field>();
  field->name = name;
  field->target = std::move(target);
  list.push_back(std::move(field));
  return *list.back();
}

}  // namespace maas
