// A small model with all that a model can carry, in a folder of its own.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "base/files.h"
#include "call/builder.h"
#include "model/model.h"
#include "support/evaluate_program.h"
#include "support/scratch.h"

namespace maas {

inline DataSpec small_images() {
  DataSpec data;
  data.input.channels = 1;
  data.input.height = data.input.width = 3;
  data.input.resize_to_fit = true;
  data.input.mean = {0.1307};
  data.input.std_dev = {0.3081};
  data.task.labels = {"cat", "dog \"x\"\n", "\xc3\xa9l\xc3\xa9phant"};
  return data;
}

inline Program small_program() {
  GraphBuilder g("test", 1);
  Handle x = g.input("image", {1, 3, 3}, at::kByte);
  x = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
  x = g.batch_norm("bn", g.conv2d("conv", x, 2, 2, {.bias = false}));
  x = g.dropout(g.flatten(g.relu(x)), 0.5);
  return g.finish({{"logits", g.linear("fc", x, 3)}});
}

inline Model small_model() {
  Model model{.program = small_program(), .manifest = {}, .digest = ""};
  model.manifest.name = "pets";
  model.manifest.data = small_images();
  model.manifest.metrics = {{"accuracy", 0.1 + 0.2}, {"nll", 1e-300}};
  model.manifest.resolved_config = "name: pets\ndata: {type: idx}\n";
  model.manifest.lineage = {
      {.verb = "import", .version = "0.1", .created = "2026-01-02T03:04:05Z"},
      {.verb = "train", .version = "0.2", .parent = "abc123", .change = "fine-tuned", .seed = 7}};
  return model;
}

class ModelFile : public testing::Test {
 protected:
  std::string save(const Model& model, bool replace = false) {
    return save_model(model, path_, {.replace = replace});
  }
  // What is said of the file when its bytes are these.
  std::string refusal(const std::string& bytes) {
    scratch_.write("model.pt", bytes);
    return error_of([&] { load_model(path_); });
  }
  std::string bytes() const { return scratch_.read("model.pt"); }

  Scratch scratch_;
  std::string path_ = scratch_.path("model.pt");
};

}  // namespace maas
