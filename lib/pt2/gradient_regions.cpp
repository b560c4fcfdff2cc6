#include "pt2/gradient_regions.h"

#include <vector>

#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {

bool GradientRegions::enter(const JsonView& wrapper) {
  const bool outside = enabled_;
  if (wrapper.at("target").text().find("set_grad_enabled") == std::string::npos) return outside;
  const std::vector<JsonView> inputs = wrapper.at("inputs").items();
  if (inputs.empty()) return outside;
  const JsonView flag = inputs[0].at("arg");
  if (flag.has("as_bool")) enabled_ = flag.at("as_bool").flag();
  return outside;
}

void GradientRegions::note(const Program& program, const Node& node) {
  if (enabled_) return;
  for_each_result(node, [&](ValueId id) {
    if (at::isFloatingType(program.value(id).dtype)) made_without_.insert(id);
  });
}

ValueId GradientRegions::as_read_here(Program& program, ValueId value) const {
  if (!enabled_ || made_without_.count(value) == 0) return value;
  Node node = make_node("aten::detach", {{"self", ValueRef{value}}});
  const ValueId result = add_result(program, node, "detach", value);
  program.nodes.push_back(std::move(node));
  return result;
}

}  // namespace maas
