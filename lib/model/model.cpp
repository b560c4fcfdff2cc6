#include "model/model.h"

#include <fmt/format.h>

#include "base/portable_path.h"
#include "base/throw_error.h"
#include "call/verify.h"
#include "model/check_manifest.h"
#include "model/model_file.h"
#include "model/portable_config.h"
#include "program/mode.h"
#include "program/refuse_state.h"
#include "pt2/read.h"
#include "pt2/write.h"
#include "tensor/archive.h"

namespace maas {
namespace {

constexpr const char* kManifestRecord = "maas/manifest.json";

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal().parent_path();
}

// As it lies in the folder `to`.
Manifest at_home_in(const std::filesystem::path& to, const Model& model) {
  Manifest manifest = model.manifest;
  const std::filesystem::path from = model.config_folder.empty() ? to : model.config_folder;
  manifest.config_folder = portable_path(from, to).value_or("");
  if (manifest.config_folder == ".") manifest.config_folder.clear();
  manifest.resolved_config = portable_config(manifest.resolved_config, from);
  return manifest;
}

}  // namespace

std::string Model::name_or_stem(const std::filesystem::path& path) const {
  return manifest.name.empty() ? path.stem().string() : manifest.name;
}

std::filesystem::path model_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return path;
  std::filesystem::path file = path / "model.pt";
  if (std::filesystem::exists(file, ignored)) return file;
  const bool run = std::filesystem::exists(path / "resolved.yaml", ignored);
  throw_input(
      path.string(),
      run ? "is a run that has not written its model yet" : "is a folder without a model.pt",
      "a model file, or the folder of a run that has finished",
      run ? fmt::format("let it finish: maas train --resume {}", path.string()) : "name a file");
}

Model load_model(const std::filesystem::path& given, FilePages pages) {
  const std::filesystem::path path = model_file(given);
  if (path.extension() == ".onnx") {
    throw_input(path.string(), "is an ONNX file", "a model in .pt or .pt2",
                fmt::format("make it one: maas import {} -o model.pt", path.string()));
  }
  const ArchiveReader archive(path, pages);
  Model model;
  model.program = read_pt2(archive);
  refuse_state(model.program, path.string());
  model.program = with_mode(std::move(model.program), Mode::kEval);
  verify(model.program, path.string());
  archive.check_records();
  const std::string record = std::string("extra/") + kManifestRecord;
  if (archive.has(record)) {
    const std::string where = fmt::format("{}: {}", path.string(), record);
    model.manifest = manifest_from_json(archive.record(record), where);
    if (model.manifest.data) check_manifest(*model.manifest.data, model.program, where);
  }
  model.config_folder = (folder_of(path) / model.manifest.config_folder).lexically_normal();
  model.digest = sha256_hex(archive.file()->bytes());
  return model;
}

Manifest load_manifest(const std::filesystem::path& path) {
  const ArchiveReader archive(model_file(path), FilePages::kShared);
  const std::string record = std::string("extra/") + kManifestRecord;
  if (!archive.has(record)) return {};
  return manifest_from_json(archive.record(record), fmt::format("{}: {}", path.string(), record));
}

std::string save_model(const Model& model, const std::filesystem::path& path,
                       const SaveModelOptions& options) {
  if (!options.replace && std::filesystem::exists(path)) {
    throw_usage(path.string(), "exists", "a new file",
                "name another output with -o, or give --force");
  }
  verify(model.program, path.string());
  const std::string manifest = manifest_to_json(at_home_in(folder_of(path), model));
  write_archive(path, [&](const PutRecord& put) {
    write_pt2(model.program, {{kManifestRecord, manifest}}, put);
  });
  return sha256_hex_of_file(path);
}

}  // namespace maas
