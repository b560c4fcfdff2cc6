#include "start_network.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "config/read_config.h"
#include "config_file.h"
#include "model/model.h"
#include "program/average.h"
#include "program/last_layer.h"
#include "train/make_job.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

std::string written(const fs::path& path, const fs::path& config_folder) {
  const fs::path whole = fs::absolute(path).lexically_normal();
  const fs::path below = whole.lexically_relative(config_folder.lexically_normal());
  const bool is_below = !below.empty() && *below.begin() != "..";
  return json_quote(is_below ? below.string() : whole.string());
}

// [batch, channels, height, width] with fixed sizes behind the batch.
bool is_image(const Value& value) {
  if (value.shape.size() != 4) return false;
  for (size_t i = 1; i < 4; ++i) {
    if (value.shape[i].is_symbolic()) return false;
  }
  return value.shape[1].size == 1 || value.shape[1].size == 3;
}

bool holds(const DataGuess& guess, const char* type) {
  return guess.data.find(type) != guess.data.npos;
}

// What would be refused once all data are read (check_start), where that is seen before.
void check_kind(const Model& model, const DataGuess& guess, const std::string& where) {
  const bool images = holds(guess, "type: image"), table = holds(guess, "type: csv");
  const auto inputs = model.program.user_inputs();
  const auto& known = model.manifest.data;
  const bool of_images =
      known ? known->input.kind == InputKind::kImage
            : inputs.size() == 1 && is_image(model.program.value(inputs[0]->value));
  if (table && of_images) {
    throw_usage(where, "takes images, and the data are a table", "data of the network's kind",
                "give a folder of images, or leave --from out");
  }
  if (images && known && !of_images) {
    throw_usage(where, "takes a table, and the data are images", "data of the network's kind",
                "give a table, or leave --from out");
  }
}

}  // namespace

StartNetwork start_network(const fs::path& path, const fs::path& config_folder,
                           const DataGuess& guess) {
  const bool images = holds(guess, "type: image");
  const std::string name =
      path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  const Model model = load_model(path);
  check_kind(model, guess, path.string());
  const bool is_mean = members_of_average(model.program) > 0;
  const LastLayer last =
      find_last_layer(is_mean ? first_of_average(model.program) : model.program, path.string());
  StartNetwork start;
  start.model = fmt::format("{{from: {}, head: auto}}", written(path, config_folder));
  start.settings = {"train.body_learning_rate=1e-4"};
  start.told = fmt::format("{}: ", name);
  const auto inputs = model.program.user_inputs();
  if (images && inputs.size() == 1 && is_image(model.program.value(inputs[0]->value))) {
    const std::vector<Dim>& shape = model.program.value(inputs[0]->value).shape;
    for (const auto& [key, size] :
         {std::pair("channels", shape[1].size), std::pair("height", shape[2].size),
          std::pair("width", shape[3].size)}) {
      start.settings.push_back(fmt::format("data.{}={}", key, size));
    }
    start.told += fmt::format("takes images of {} x {} in {}", shape[2].size, shape[3].size,
                              shape[1].size == 1 ? "grey" : "colour");
    if (!model.manifest.data && shape[1].size == 3) {
      start.settings.emplace_back("data.normalize=imagenet");
      start.told += ", taken to be normalised as ImageNet's (data.normalize)";
    }
    start.told += "; ";
  }
  start.told +=
      fmt::format("its last layer, {} with {} outputs, is replaced where the data have others",
                  last.weight, last.outputs);
  return start;
}

std::vector<std::string> check_start(const std::string& config, const fs::path& folder) {
  const auto read = read_config<ConfigFile>(
      {.text = config, .text_name = "the config to write", .folder = folder});
  const std::string& from = read.experiment.model.from.path;
  const Model parent = load_model(from);
  return make_job(read.experiment, {.network = &parent, .network_name = from}).data.warnings;
}

}  // namespace maas
