#include "model/lineage.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/json_writer.h"
#include "base/shown_text.h"
#include "config/yaml_place.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

constexpr size_t kShownDigits = 12;

// Its `parent_path` may be that of the machine where the step was made.
LineageStep read_format_1(const JsonView& json) {
  const std::filesystem::path parent = json.at("parent_path").text();
  const std::string from = parent.filename().string();
  return {.verb = json.at("verb").text(),
          .version = json.at("version").text(),
          .parent = json.at("parent_digest").text(),
          .change = from.empty() ? "" : "fine-tuned from " + from,
          .created = json.at("created").text()};
}

LineageStep read_step(const JsonView& json) {
  LineageStep step;
  step.verb = json.at("verb").text();
  step.version = json.at("version").text();
  if (json.has("parent")) step.parent = json.at("parent").text();
  if (json.has("change")) step.change = json.at("change").text();
  if (json.has("seed")) step.seed = json.at("seed").integer();
  if (json.has("created")) step.created = json.at("created").text();
  return step;
}

}  // namespace

void write_lineage(JsonWriter& json, const Lineage& lineage) {
  json.begin_array();
  for (const LineageStep& step : lineage) {
    json.begin_object().field("verb", step.verb).field("version", step.version).key("parent");
    step.parent.empty() ? json.null() : json.value(step.parent);
    if (!step.change.empty()) json.field("change", step.change);
    if (step.seed) json.field("seed", *step.seed);
    if (!step.created.empty()) json.field("created", step.created);
    json.end_object();
  }
  json.end_array();
}

Lineage read_lineage(const JsonView& json, int64_t format) {
  if (format == 1) {
    LineageStep step = read_format_1(json);
    return step.verb.empty() ? Lineage{} : Lineage{std::move(step)};
  }
  Lineage lineage;
  for (const JsonView& step : json.items()) lineage.push_back(read_step(step));
  return lineage;
}

std::vector<std::string> to_lines(const Lineage& lineage) {
  std::vector<std::string> lines;
  for (const LineageStep& step : lineage) {
    std::string line = shown_text(step.verb) + " " + shown_text(step.version);
    if (step.seed) line += fmt::format(", seed {}", *step.seed);
    if (!step.created.empty()) line += ", " + shown_text(step.created);
    if (!step.parent.empty()) line += ", from " + shown_text(step.parent.substr(0, kShownDigits));
    if (!step.change.empty()) line += ": " + shown_text(step.change);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace maas
