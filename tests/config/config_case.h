// A small config struct with a field of each kind, and what reading a text into it gives.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <vector>

#include "config/read_config.h"
#include "config/write_config.h"
#include "support/scratch.h"

namespace maas {

struct RuleConfig {
  std::string type = "adamw";
  double momentum = 0.9;
  void describe(Fields& field) {
    field("type", type).one_of({"sgd", "adamw"}).doc("update rule");
    field("momentum", momentum)
        .between(0, 0.9999)
        .only_for("type", {"sgd"})
        .doc("share of the last update that is kept");
  }
};

struct StageConfig {
  std::string kind = "linear";
  int64_t size = 0;
  std::optional<double> noise;
  void describe(Fields& field) {
    field("kind", kind).one_of({"linear", "flatten"}).doc("kind of layer");
    field("size", size).at_least(1).only_for("kind", {"linear"}).required().doc("outputs");
    field("noise", noise).between(0, 1).doc("deviation");
  }
};

struct CaseConfig {
  std::string name = "model";
  int64_t epochs = 10;
  int64_t depth = 18;
  double rate = 1e-3;
  bool prefetch = true;
  std::optional<int64_t> limit;
  std::optional<Quantity> steps;
  Quantity warmup;
  Quantity pause{10, "s"};
  std::vector<int64_t> hidden = {128};
  std::vector<double> weights;
  std::vector<std::string> metrics, freeze;
  std::map<std::string, std::string> columns;
  InputPath input;
  std::vector<InputPath> inputs;
  RuleConfig rule;
  std::vector<StageConfig> stages;

  void describe(Fields& field) {
    field("name", name).doc("names the run");
    field("epochs", epochs).between(1, 1e9).doc("passes over the data");
    field("depth", depth).one_of({"18", "34", "50"}).doc("layers");
    field("rate", rate).above(0).doc("step size");
    field("prefetch", prefetch).doc("load ahead");
    field("limit", limit).at_least(0).doc("most samples");
    field("steps", steps).in_units({"", "steps", "epochs"}).above(0).doc("instead of epochs");
    field("warmup", warmup).in_units({"", "%", "steps", "epochs"}).at_least(0).doc("rise");
    field("pause", pause).in_units({"s"}).doc("wait");
    field("hidden", hidden).at_least(1).doc("widths");
    field("weights", weights).at_least(0).doc("one a class");
    field("metrics", metrics).doc("what to report");
    field("freeze", freeze).or_alone({"backbone"}).doc("what stays");
    field("columns", columns).doc("types of columns");
    field("input", input).doc("a file");
    field("inputs", inputs).doc("files");
    field("rule", rule).shorthand("type").doc("update rule");
    field("stages", stages).doc("layers in order");
  }
};

inline CaseConfig parse(const std::string& text, std::vector<std::string> overrides = {}) {
  return read_config<CaseConfig>(
      {.file = "", .text = text, .text_name = "a.yaml", .overrides = std::move(overrides)});
}

// What is said about a text that must be refused as config error, exit 2.
inline std::string refusal(const std::string& text, std::vector<std::string> overrides = {}) {
  return error_of([&] { parse(text, std::move(overrides)); }, ErrorKind::kUsage);
}

}  // namespace maas
