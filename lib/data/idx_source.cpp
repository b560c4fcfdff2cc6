// Images and labels in two IDX files, as MNIST and its relatives come.
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/files.h"
#include "base/throw_error.h"
#include "data/idx.h"
#include "data/source.h"
#include "data/tensor_dataset.h"
#include "sample/labels.h"

namespace maas {
namespace {

constexpr int64_t kMostFileBytes = int64_t{1} << 36;

class IdxSource final : public Source {
 public:
  IdxSource(at::Tensor images, at::Tensor labels, SourceConfig where)
      : images_(std::move(images)), labels_(std::move(labels)), where_(std::move(where)) {
    const std::string file = std::filesystem::path(where_.images.path).filename().string();
    stem_ = file.substr(0, file.find('.'));
  }

  int64_t size() const override { return labels_.size(0); }

  RowMarks marks() const override { return {.classes = labels_.to(at::kLong)}; }

  DataSpec learn(const at::Tensor& index, std::vector<std::string>& /*told*/) const override {
    DataSpec spec;
    spec.input.channels = images_.size(1);
    spec.input.height = images_.size(2);
    spec.input.width = images_.size(3);
    measure_channels(images_, index, spec.input);
    const uint8_t* label = labels_.const_data_ptr<uint8_t>();
    const int highest = *std::max_element(label, label + size());
    for (int i = 0; i <= highest; ++i) spec.task.labels.push_back(std::to_string(i));
    return spec;
  }

  std::shared_ptr<const Dataset> conform(const DataSpec& spec,
                                         std::vector<std::string>&) const override {
    check_form(spec);
    const LabelIndex known(spec.task.labels);
    at::Tensor targets = at::empty({size()}, at::kLong);
    const uint8_t* label = labels_.const_data_ptr<uint8_t>();
    for (int64_t i = 0; i < size(); ++i) {
      targets.mutable_data_ptr<int64_t>()[i] = known.at(std::to_string(label[i]), [&] {
        return fmt::format("{}: row {} (byte {})", where_.labels.path, i, 8 + i);
      });
    }
    return tensor_dataset(
        {.inputs = {images_},
         .targets = targets,
         .spec = spec,
         .name_of = [stem = stem_](int64_t i) { return fmt::format("{}:{}", stem, i); }});
  }

 private:
  void check_form(const DataSpec& spec) const {
    if (spec.input.kind != InputKind::kImage || spec.task.kind != TaskKind::kClassification) {
      throw_input(where_.images.path, "holds images with one label each",
                  fmt::format("{} data for {}", to_text(spec.input.kind), to_text(spec.task.kind)),
                  "give data of the kind that the model was trained on");
    }
    const auto& want = spec.input;
    if (images_.size(1) != want.channels || images_.size(2) != want.height ||
        images_.size(3) != want.width) {
      throw_input(
          where_.images.path,
          fmt::format("images are {} x {} x {}", images_.size(1), images_.size(2), images_.size(3)),
          fmt::format("{} x {} x {} (channels x height x width)", want.channels, want.height,
                      want.width),
          "give images of the size that the model was trained on");
    }
  }

  at::Tensor images_;  // uint8 [N, C, H, W]
  at::Tensor labels_;  // uint8 [N]
  SourceConfig where_;
  std::string stem_;
};

}  // namespace

std::unique_ptr<Source> open_idx_source(const SourceRequest& request) {
  const std::string& images_path = request.where.images.path;
  const std::string& labels_path = request.where.labels.path;
  const at::Tensor labels =
      decode_idx(read_file(labels_path, kMostFileBytes), labels_path, {.lowest = 1, .highest = 1});
  at::Tensor images =
      decode_idx(read_file(images_path, kMostFileBytes), images_path, {.lowest = 3, .highest = 4});
  if (images.size(0) != labels.size(0)) {
    throw_input(images_path,
                fmt::format("holds {} images, but {} holds {} labels", images.size(0), labels_path,
                            labels.size(0)),
                "as many labels as images", "give the two files of one data set");
  }
  if (images.dim() == 3) {
    images = images.view({images.size(0), 1, images.size(1), images.size(2)});
  }
  return std::make_unique<IdxSource>(images, labels, request.where);
}

}  // namespace maas
