#include "operators.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "autodiff/gradients.h"
#include "base/json_writer.h"
#include "call/meta_kernels.h"
#include "program/operator_concern.h"
#include "program/operator_facts.h"
#include "run/lower.h"

namespace maas {
namespace {

// In the order of a network's life: read, checked, trained, run. A part that gets rules by operator
// adds its concern here.
std::vector<OperatorConcern> concerns() {
  return {facts_concern(), in_place_concern(), shape_rule_concern(),
          mode_concern(),  gradient_concern(), lowering_concern()};
}

std::string key_of(const OperatorConcern& concern) {
  std::string key = concern.name;
  std::replace(key.begin(), key.end(), ' ', '_');
  return key;
}

using Row = std::vector<std::string>;

Row row_of(const OperatorFacts& facts, const std::vector<OperatorConcern>& columns) {
  Row row = {facts.op};
  for (const OperatorConcern& concern : columns) {
    const std::string mark = concern.mark(facts.op);
    row.push_back(mark.empty() ? "-" : mark);
  }
  return row;
}

std::string line_of(const Row& row, const std::vector<size_t>& widths) {
  std::string line;
  for (size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
  return line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::string operators_text(const std::set<std::string>& operators) {
  const std::vector<OperatorConcern> columns = concerns();
  Row heading = {"operator"};
  for (const OperatorConcern& concern : columns) heading.emplace_back(concern.name);
  std::vector<size_t> widths;
  for (const std::string& name : heading) widths.push_back(name.size());
  std::map<std::string, std::vector<Row>> groups;
  for (const OperatorFacts& facts : operator_facts()) {
    if (operators.count(facts.op) == 0) continue;
    const Row row = row_of(facts, columns);
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    groups[facts.group].push_back(row);
  }
  std::string text = line_of(heading, widths);
  for (const auto& [name, rows] : groups) {
    text += "\n" + name + "\n";
    for (const Row& row : rows) text += line_of(row, widths);
  }
  text += "\n";
  for (const OperatorConcern& concern : columns) {
    text += fmt::format("{:<12}{}\n", concern.name, concern.summary);
  }
  text.pop_back();
  return text;
}

std::string operators_json(const std::set<std::string>& operators) {
  const std::vector<OperatorConcern> columns = concerns();
  JsonWriter json;
  json.begin_object().field("verb", "inspect").key("concerns").begin_array();
  for (const OperatorConcern& concern : columns) {
    json.begin_object().field("name", key_of(concern)).field("summary", concern.summary);
    json.end_object();
  }
  json.end_array().key("operators").begin_array();
  for (const OperatorFacts& facts : operator_facts()) {
    if (operators.count(facts.op) == 0) continue;
    json.begin_object().field("operator", facts.op).field("group", facts.group);
    for (const OperatorConcern& concern : columns) {
      json.field(key_of(concern), concern.mark(facts.op));
    }
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace maas
