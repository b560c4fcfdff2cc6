#include "tune_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/shown_text.h"
#include "base/throw_error.h"
#include "record/append_file.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

std::string line_of(const TunedTrial& trial) {
  JsonWriter json;
  json.begin_object().field("trial", trial.trial).field("round", trial.round);
  json.field("epochs", trial.epochs).field("value", trial.value).field("seconds", trial.seconds);
  json.key("settings").begin_object();
  for (const auto& [name, value] : trial.settings) json.field(name, value);
  json.end_object();
  if (!trial.error.empty()) json.field("error", trial.error);
  json.end_object();
  return json.take() + "\n";
}

TunedTrial read_line(const std::string& line, const std::string& where) {
  simdjson::dom::parser parser;
  const JsonView json = parse_json(parser, line, where);
  TunedTrial trial{.trial = json.at("trial").integer(),
                   .round = json.at("round").integer(),
                   .epochs = json.at("epochs").integer(),
                   .settings = {},
                   .value = json.has("value") ? json.at("value").number() : std::nan(""),
                   .seconds = json.at("seconds").number(),
                   .error = json.has("error") ? json.at("error").text() : ""};
  for (const auto& [name, value] : json.at("settings").members()) {
    trial.settings[std::string(name)] = value.text();
  }
  if (trial.trial < 0 || trial.round < 0) {
    throw_input(where, "trial or round is below 0", "numbers from 0");
  }
  return trial;
}

TunedTrial trial_of(const std::string& line, const std::string& where) {
  try {
    return read_line(line, where);
  } catch (const Error& error) {
    const Problem& found = error.first();
    throw_input(where,
                fmt::format("'{}' is no record of a trial: {}", shown_text(line, 40),
                            found.where == where ? found.what : found.where + ": " + found.what),
                "an object of JSON on each line, as maas tune wrote them",
                "delete the line: --resume then trains that trial again, and keeps all others");
  }
}

}  // namespace

TuneRecord::TuneRecord(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code ignored;
  if (!std::filesystem::exists(path_, ignored)) return;
  std::string text = read_file(path_);
  const size_t whole = text.rfind('\n') + 1;  // npos + 1 = 0
  if (whole != text.size()) {
    text.resize(whole);
    write_file_atomically(path_, text);
  }
  int64_t number = 1;
  for (size_t at = 0; at < text.size(); ++number) {
    const size_t end = text.find('\n', at);
    trials_.push_back(
        trial_of(text.substr(at, end - at), fmt::format("{}:{}", path_.string(), number)));
    at = end + 1;
  }
}

const TunedTrial* TuneRecord::find(int64_t trial, int64_t round) const {
  const auto found = std::find_if(trials_.begin(), trials_.end(), [&](const TunedTrial& one) {
    return one.trial == trial && one.round == round;
  });
  return found == trials_.end() ? nullptr : &*found;
}

void TuneRecord::add(TunedTrial trial) {
  AppendFile file(path_, OpenAs::kContinued);
  if (!file.append(line_of(trial))) {
    throw Error(ErrorKind::kResources, {.where = path_.string(),
                                        .what = "a line cannot be written",
                                        .expected = "",
                                        .fix = "free some disk space"});
  }
  trials_.push_back(std::move(trial));
}

}  // namespace maas
