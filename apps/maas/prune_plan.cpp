#include "prune_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"

namespace maas {
namespace {

std::vector<int64_t> indices_that_go(const GroupMember& member, const std::vector<int64_t>& kept) {
  std::vector<int64_t> go;
  for (size_t unit = 0; unit < member.indices.size(); ++unit) {
    if (std::binary_search(kept.begin(), kept.end(), static_cast<int64_t>(unit))) continue;
    go.insert(go.end(), member.indices[unit].begin(), member.indices[unit].end());
  }
  std::sort(go.begin(), go.end());
  return go;
}

std::string as_json(const PrunePlan& plan) {
  const NetworkSize &before = plan.choice.before, &after = plan.choice.after;
  JsonWriter json;
  json.begin_object().field("verb", "prune").field("dry_run", true);
  json.key("multiply_adds").begin_object();
  json.field("before", before.multiply_adds).field("after", after.multiply_adds).end_object();
  json.key("parameters").begin_object();
  json.field("before", before.parameters).field("after", after.parameters).end_object();
  json.key("groups").begin_array();
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    const DimGroup& group = plan.groups[g];
    json.begin_object().field("name", group.name).field("units", group.units);
    json.field("stay", static_cast<int64_t>(plan.choice.kept[g].size()));
    if (!group.blocked_by.empty()) json.field("blocked_by", group.blocked_by);
    json.key("tensors").begin_array();
    for (const GroupMember& member : group.members) {
      json.begin_object().field("name", member.tensor).field("dimension", member.dim);
      json.key("go").begin_array();
      for (const int64_t index : indices_that_go(member, plan.choice.kept[g])) json.value(index);
      json.end_array().end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

std::string left(const char* what, int64_t before, int64_t after) {
  return fmt::format(
      "{}: {} of {} would be left ({:.1f} %)\n", what, after, before,
      before == 0 ? 0.0 : 100 * static_cast<double>(after) / static_cast<double>(before));
}

}  // namespace

int show_prune_plan(const PrunePlan& plan, const Output& output) {
  if (output.json()) {
    output.result(as_json(plan));
    return 0;
  }
  const NetworkSize &before = plan.choice.before, &after = plan.choice.after;
  std::string text;
  for (const std::string& line : plan_lines(plan)) text += line + "\n";
  text += left("multiply-adds", before.multiply_adds, after.multiply_adds);
  text += left("parameters", before.parameters, after.parameters);
  output.result(text + "nothing was written");
  return 0;
}

}  // namespace maas
