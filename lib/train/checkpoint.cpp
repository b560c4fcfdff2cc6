#include "train/checkpoint.h"

#include <fmt/format.h>
#include <signal.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTensors = "state.safetensors";
constexpr const char* kState = "state.json";
constexpr const char* kManifest = "manifest.json";
constexpr int64_t kFormat = 2;

[[noreturn]] void refuse_absent(const std::string& name) {
  throw_input("checkpoint: '" + name + "'", "is missing",
              "the state of a run of this version of maas",
              "resume with the version that the run was started with");
}

std::string state_json(const Checkpoint& checkpoint) {
  JsonWriter json;
  json.begin_object().field("step", checkpoint.step).key("numbers").begin_object();
  for (const auto& [name, value] : checkpoint.numbers) json.field(name, value);
  json.end_object().key("texts").begin_object();
  for (const auto& [name, text] : checkpoint.texts) json.field(name, text);
  json.end_object().end_object();
  return json.take();
}

std::string manifest_json(const fs::path& folder) {
  JsonWriter json;
  json.begin_object().field("format", kFormat).key("files").begin_object();
  for (const char* name : {kTensors, kState}) {
    json.key(name).begin_object();
    json.field("bytes", static_cast<int64_t>(fs::file_size(folder / name)));
    json.field("sha256", sha256_hex_of_file(folder / name)).end_object();
  }
  json.end_object().end_object();
  return json.take();
}

// Steps of the whole-looking checkpoints, newest first.
std::vector<int64_t> list_steps(const fs::path& folder) {
  std::vector<int64_t> steps;
  std::error_code error;
  const fs::directory_iterator entries(folder, error);
  if (error && error != std::errc::no_such_file_or_directory) {
    throw Error(ErrorKind::kResources, {.where = folder.string(),
                                        .what = "cannot be listed: " + error.message(),
                                        .expected = "a folder of checkpoints",
                                        .fix = "check the permissions"});
  }
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    int64_t step = 0;
    if (name.rfind("step-", 0) != 0) continue;
    const char* end = name.data() + name.size();
    const auto [stop, failure] = std::from_chars(name.data() + 5, end, step);
    if (failure == std::errc() && stop == end) steps.push_back(step);
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void verify_file(const fs::path& file, const JsonView& entry) {
  const std::string digest = sha256_hex_of_file(file);
  const std::string wanted(entry.at("sha256").text());
  if (digest == wanted) return;
  throw_input(file.string(),
              fmt::format("{} bytes with SHA-256 {}...", fs::file_size(file), digest.substr(0, 12)),
              fmt::format("{} bytes with {}..., as its manifest says", entry.at("bytes").integer(),
                          wanted.substr(0, 12)),
              "the checkpoint is damaged");
}

Checkpoint load_verified(const fs::path& folder) {
  const std::string where = (folder / kManifest).string();
  simdjson::dom::parser parser, state_parser;
  const std::string text = read_file(folder / kManifest, 1 << 20);
  const JsonView manifest = parse_json(parser, text, where);
  if (manifest.at("format").integer() != kFormat) {
    throw_input(where, fmt::format("is of format {}", manifest.at("format").integer()),
                fmt::format("format {}", kFormat), "resume with the version of maas that wrote it");
  }
  for (const char* name : {kTensors, kState}) {
    verify_file(folder / name, manifest.at("files").at(name));
  }
  Checkpoint checkpoint;
  const std::string state_where = (folder / kState).string();
  const std::string state_text = read_file(folder / kState, 1 << 24);
  const JsonView state = parse_json(state_parser, state_text, state_where);
  checkpoint.step = state.at("step").integer();
  for (const auto& [name, value] : state.at("numbers").members()) {
    if (!value.is_null()) checkpoint.numbers[std::string(name)] = value.number();
  }
  for (const auto& [name, value] : state.at("texts").members()) {
    checkpoint.texts[std::string(name)] = value.text();
  }
  checkpoint.tensors = read_safetensors(folder / kTensors);
  return checkpoint;
}

}  // namespace

double Checkpoint::number(const std::string& name) const {
  const auto found = numbers.find(name);
  if (found == numbers.end()) refuse_absent(name);
  return found->second;
}

const at::Tensor& Checkpoint::tensor(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) refuse_absent(name);
  return found->second;
}

void save_checkpoint(const fs::path& folder, const Checkpoint& checkpoint, int64_t keep_last) {
  const std::string name = fmt::format("step-{}", checkpoint.step);
  const fs::path temporary = folder / fmt::format("{}.tmp-{}", name, ::getpid());
  try {
    fs::create_directories(temporary);
    write_safetensors(temporary / kTensors, checkpoint.tensors);
    write_file_atomically(temporary / kState, state_json(checkpoint));
    write_file_atomically(temporary / kManifest, manifest_json(temporary));
    sync_to_disk(temporary / kTensors);
    sync_to_disk(temporary);
    fs::remove_all(folder / name);  // a damaged one of the same step
    fs::rename(temporary, folder / name);
    sync_to_disk(folder);
  } catch (const fs::filesystem_error& error) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw Error(ErrorKind::kResources, {.where = (folder / name).string(),
                                        .what = "cannot save: " + error.code().message(),
                                        .expected = "",
                                        .fix = "check the disk space and permissions"});
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
  const std::vector<int64_t> steps = list_steps(folder);
  for (size_t i = static_cast<size_t>(keep_last); i < steps.size(); ++i) {
    std::error_code ignored;  // an old checkpoint that stays does no harm
    fs::remove_all(folder / fmt::format("step-{}", steps[i]), ignored);
  }
}

std::optional<Checkpoint> load_newest_checkpoint(const fs::path& folder,
                                                 std::vector<std::string>& warnings) {
  const std::vector<int64_t> steps = list_steps(folder);
  for (const int64_t step : steps) {
    try {
      return load_verified(folder / fmt::format("step-{}", step));
    } catch (const Error& error) {
      warnings.push_back(
          fmt::format("checkpoint step-{} is passed over: {}", step, error.first().text()));
    }
  }
  if (steps.empty()) return std::nullopt;
  throw Error(ErrorKind::kInput,
              {.where = folder.string(),
               .what = fmt::format("none of {} checkpoints can be used", steps.size()),
               .expected = "one that is whole",
               .fix = "restore one from a backup, or start anew with --force",
               .excerpt = warnings.back()});
}

namespace {

// NAME.tmp-PID of a process that is no more, or of this one: it has just begun.
bool is_orphan(const std::string& name) {
  const size_t tag = name.rfind(".tmp-");
  if (tag == name.npos) return false;
  int pid = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + tag + 5, end, pid);
  if (error != std::errc() || stop != end || pid <= 0) return false;
  return pid == ::getpid() || (::kill(pid, 0) != 0 && errno == ESRCH);
}

}  // namespace

void remove_orphans(const fs::path& run_folder) {
  std::error_code ignored;
  std::vector<fs::path> dead;
  for (const fs::path& folder : {run_folder, run_folder / "checkpoints"}) {
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      if (is_orphan(entry.path().filename().string())) dead.push_back(entry.path());
    }
  }
  for (const fs::path& path : dead) fs::remove_all(path, ignored);
}

}  // namespace maas
