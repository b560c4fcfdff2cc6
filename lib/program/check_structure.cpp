#include "program/check_structure.h"

#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "program/rewrite.h"

namespace maas {
namespace {

class StructureCheck {
 public:
  StructureCheck(const Program& program, const std::string& where)
      : program_(program), where_(where), made_(program.values.size(), false) {}

  void run() {
    check_names();
    for (const GraphInput& input : program_.inputs) {
      if (input.kind == GraphInput::Kind::kConstantScalar) continue;
      make(input.value, "input " + input.target);
      if (input.kind != GraphInput::Kind::kUser && !holds(input)) {
        broken("input " + input.target, "no tensor of this name");
      }
    }
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      const Node& node = program_.nodes[i];
      const auto place = [&] { return fmt::format("node {} ({})", i, node.full_name()); };
      for_each_use(node, [&](ValueId id) { read(id, place); });
      for_each_result(node, [&](ValueId id) { make(id, place()); });
    }
    for (const GraphOutput& output : program_.outputs) {
      for_each_use(output.value,
                   [&](ValueId id) { read(id, [&] { return "output " + output.target; }); });
    }
  }

 private:
  [[noreturn]] void broken(const std::string& place, const std::string& what) const {
    throw Error(ErrorKind::kInternal,
                {.where = where_ + ": " + place,
                 .what = what,
                 .expected = "a graph whose values are made once and before they are read",
                 .fix = "please report this with the model"});
  }

  bool holds(const GraphInput& input) const {
    const auto& table = input.kind == GraphInput::Kind::kParameter ? program_.parameters
                        : input.kind == GraphInput::Kind::kBuffer  ? program_.buffers
                                                                   : program_.constants;
    return table.count(input.target) != 0;
  }

  bool is_in_range(ValueId id) const {
    return id >= 0 && static_cast<size_t>(id) < program_.values.size();
  }

  void make(ValueId id, const std::string& place) {
    if (!is_in_range(id)) broken(place, fmt::format("makes value number {}", id));
    if (made_[id]) broken(place, fmt::format("%{} is made twice", program_.value(id).name));
    made_[id] = true;
  }

  template <class Place>
  void read(ValueId id, const Place& place) const {
    if (!is_in_range(id)) broken(place(), fmt::format("reads value number {}", id));
    if (!made_[id]) {
      broken(place(), fmt::format("reads %{} before it is made", program_.value(id).name));
    }
  }

  void check_names() const {
    std::set<std::string> names;
    for (const Value& value : program_.values) {
      if (!names.insert(value.name).second) broken("value '" + value.name + "'", "has a namesake");
    }
    std::set<std::pair<GraphInput::Kind, std::string>> targets;
    for (const GraphInput& input : program_.inputs) {
      if (!targets.emplace(input.kind, input.target).second) {
        broken("input '" + input.target + "'", "has a namesake");
      }
    }
  }

  const Program& program_;
  const std::string& where_;
  std::vector<bool> made_;
};

}  // namespace

void check_structure(const Program& program, const std::string& where) {
  StructureCheck(program, where).run();
}

}  // namespace maas
