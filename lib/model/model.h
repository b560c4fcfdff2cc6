// The only thing that verbs exchange: a Program and what there is to know about it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "model/lineage.h"
#include "program/program.h"
#include "sample/spec.h"

namespace maas {

struct Manifest {
  int64_t format = 2;                     // 1: what main wrote before; 3: has thresholds
  std::string name;                       // "" for a stranger's .pt2
  std::optional<DataSpec> data;           // absent for a stranger's .pt2
  std::map<std::string, double> metrics;  // "accuracy" -> 0.98, on the test split
  std::string resolved_config;            // YAML
  // Where relative paths of resolved_config count from, seen from the model file's folder; "" is
  // that folder itself. save_model() sets it from Model::config_folder.
  std::string config_folder;
  Lineage lineage;
};

struct Model {
  Program program;
  Manifest manifest;
  std::string digest;  // SHA-256 of the file it was loaded from or saved to; "" before
  // Absolute: where relative paths of manifest.resolved_config count from; "" = not known.
  std::filesystem::path config_folder = {};
  std::string name_or_stem(const std::filesystem::path& path) const;
};

// Opens what maas or Python's torch.export.save wrote; weights stay in a copy of the file's pages,
// or with kShared in these, for a moment: who writes into the file then ends the program.
// Everything is checked before anything is used: archive, sizes, operators, graph
// (call/verify.h), and that the manifest describes it (check_manifest.h). The program is in
// evaluation mode, however it was exported, and holds no weights that nothing reads. Throws
// Error{kInput} naming file, record and node; also for a network that keeps state
// (program/refuse_state.h).
Model load_model(const std::filesystem::path& given, FilePages pages = FilePages::kOwn);

// Atomically; refuses to replace an existing file unless told to. Returns the digest. The same
// model gives the same bytes. No absolute path is written: those in the config of a model of format
// 1 are rewritten (portable_config.h).
struct SaveModelOptions {
  bool replace = false;
};
std::string save_model(const Model& model, const std::filesystem::path& path,
                       const SaveModelOptions& options = {});

// docs/model_file.md has every key. Written as format 2, or 3 or 4 with what older versions
// must not ignore, whatever `manifest.format` says; read as format 1 to 4, keys that are unknown
// ignored. Throws Error{kInput} naming the member.
std::string manifest_to_json(const Manifest& manifest);
Manifest manifest_from_json(std::string_view text, const std::string& where);

}  // namespace maas
