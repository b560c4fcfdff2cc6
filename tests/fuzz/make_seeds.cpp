// fuzz_seeds FOLDER: writes FOLDER/<target>/<seed> for the targets whose inputs maas itself writes.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "call/builder.h"
#include "export/onnx/write.h"
#include "model/model.h"
#include "tensor/archive.h"
#include "train/checkpoint.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

std::map<std::string, Program> networks() {
  std::map<std::string, Program> made;
  {
    GraphBuilder g("mlp", 1);
    const Handle x = g.input("x", {4}, at::kFloat);
    made["mlp"] = g.finish({{"y", g.linear("b", g.relu(g.linear("a", x, 5)), 3)}});
  }
  {
    GraphBuilder g("cnn", 1);
    Handle x = g.input("x", {1, 6, 6}, at::kByte);
    x = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
    x = g.relu(g.batch_norm("bn", g.conv2d("conv", x, 2, 3, {.padding = 1})));
    x = g.dropout(g.flatten(g.max_pool2d(x, 2, 2, 0)), 0.5);
    made["cnn"] = g.finish({{"y", g.linear("fc", x, 2)}});
  }
  {
    GraphBuilder g("tokens", 1);
    Handle x = g.input("tokens", {3}, at::kLong);
    x = g.layer_norm("ln", g.embedding("embed", x, 7, 4));
    x = g.call("aten::transpose.int",
               {{"self", ValueRef{x.id}}, {"dim0", int64_t{1}}, {"dim1", int64_t{2}}});
    x = g.concat({x, x}, 1);
    made["tokens"] = g.finish({{"y", g.linear("head", g.flatten(x), 2)}});
  }
  return made;
}

Manifest manifest() {
  Manifest made;
  made.name = "seed";
  made.metrics = {{"accuracy", 0.5}};
  made.resolved_config = "name: seed\n";
  made.lineage = {{.verb = "import", .version = "0.1.0"},
                  {.verb = "train", .version = "0.1.0", .parent = "abc", .seed = 1}};
  made.data.emplace();
  made.data->input.channels = 1;
  made.data->input.height = made.data->input.width = 6;
  made.data->input.mean = {0.1};
  made.data->input.std_dev = {0.3};
  made.data->task.labels = {"a", "b"};
  return made;
}

void write(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  write_file_atomically(path, bytes);
}

void write_models(const fs::path& root) {
  for (const auto& [name, program] : networks()) {
    const fs::path path = root / "pt2" / name;
    fs::create_directories(path.parent_path());
    save_model({program, manifest(), ""}, path, {.replace = true});
    const ArchiveReader archive(path);
    const auto record = [&](const char* of) { return std::string(archive.record(of)); };
    write(root / "pt2_graph" / name,
          record("models/model.json") + '\0' + record("data/weights/model_weights_config.json"));
    write(root / "manifest" / name, record("extra/maas/manifest.json"));
    fs::create_directories(root / "onnx");
    write_onnx(program, root / "onnx" / name);
  }
  write(root / "manifest" / "table",
        R"({"format":1,"name":"t","data":{"input":{"kind":"table","missing":"mean","columns":[)"
        R"({"name":"a","categorical":true,"mean":0,"deviation":1,"categories":["x","y"]}]},)"
        R"("task":{"kind":"regression","labels":["price"]}},"metrics":{},"resolved_config":"",)"
        R"("lineage":{"verb":"","parent_digest":"","parent_path":"","created":"","version":""}})");
}

void write_checkpoint(const fs::path& root) {
  const fs::path folder = root / "checkpoint.tmp";
  Checkpoint checkpoint;
  checkpoint.step = 3;
  checkpoint.tensors = networks().at("mlp").parameters;
  checkpoint.numbers = {{"loss", 0.25}};
  checkpoint.texts = {{"config", "abc"}};
  save_checkpoint(folder, checkpoint, 1);
  const std::string state = read_file(folder / "step-3/state.json");
  write(root / "checkpoint" / "state", state);
  write(root / "checkpoint" / "both", state + '\0' + read_file(folder / "step-3/manifest.json"));
  write(root / "safetensors" / "mlp", read_file(folder / "step-3/state.safetensors"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace maas

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fuzz_seeds FOLDER\n";
    return 2;
  }
  try {
    maas::write_models(argv[1]);
    maas::write_checkpoint(argv[1]);
  } catch (const maas::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
