#include "data/tensor_dataset.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "data/row_gather.h"

namespace maas {
namespace {

class TensorDataset final : public Dataset {
 public:
  explicit TensorDataset(TensorSamples samples) : samples_(std::move(samples)) {}

  int64_t size() const override { return samples_.targets.size(0); }
  Batch rows(const at::Tensor& index) const override {
    Batch batch;
    for (const at::Tensor& input : samples_.inputs) {
      batch.inputs.push_back(gather_rows(input, index));
    }
    batch.targets = gather_rows(samples_.targets, index);
    return batch;
  }
  at::Tensor targets(const at::Tensor& index) const override {
    return gather_rows(samples_.targets, index);
  }
  std::vector<uint64_t> digests() const override {
    std::vector<uint64_t> all(static_cast<size_t>(size()));
    for (const at::Tensor& input : samples_.inputs) {
      const auto* bytes = static_cast<const char*>(input.const_data_ptr());
      const size_t width = input.nbytes() / std::max<size_t>(all.size(), 1);
      for (size_t i = 0; i < all.size(); ++i) {
        const uint64_t one = std::hash<std::string_view>()({bytes + i * width, width});
        all[i] = all[i] * 0x9e3779b97f4a7c15 + one;
      }
    }
    return all;
  }
  std::vector<MissingValues> missing() const override { return samples_.missing; }
  const DataSpec& spec() const override { return samples_.spec; }
  std::string text_of(int64_t i) const override {
    return samples_.texts.empty() ? "" : samples_.texts.at(static_cast<size_t>(i));
  }
  std::string name_of(int64_t i) const override {
    MAAS_CHECK(i >= 0 && i < size());
    return samples_.name_of(i);
  }

 private:
  TensorSamples samples_;
};

}  // namespace

std::shared_ptr<const Dataset> tensor_dataset(TensorSamples samples) {
  for (const at::Tensor& input : samples.inputs) {
    MAAS_CHECK(input.size(0) == samples.targets.size(0));
  }
  return std::make_shared<TensorDataset>(std::move(samples));
}

void measure_channels(const at::Tensor& images, const at::Tensor& index, InputSpec& spec) {
  MAAS_CHECK(images.is_contiguous() && images.dim() == 4 && index.is_contiguous());
  const int64_t channels = images.size(1);
  const int64_t pixels = images.size(2) * images.size(3);
  const uint8_t* data = images.const_data_ptr<uint8_t>();
  const int64_t* rows = index.const_data_ptr<int64_t>();
  std::vector<uint64_t> sum(static_cast<size_t>(channels)), squares(sum.size());
  for (int64_t i = 0; i < index.size(0); ++i) {
    const uint8_t* image = data + rows[i] * channels * pixels;
    for (int64_t c = 0; c < channels; ++c, image += pixels) {
      uint64_t s = 0, q = 0;
      for (int64_t p = 0; p < pixels; ++p) {
        s += image[p];
        q += uint64_t{image[p]} * image[p];
      }
      sum[c] += s;
      squares[c] += q;
    }
  }
  std::vector<ChannelSums> sums;
  for (size_t c = 0; c < sum.size(); ++c) {
    sums.push_back({static_cast<double>(sum[c]), static_cast<double>(squares[c])});
  }
  set_channel_statistics(sums, static_cast<double>(index.size(0) * pixels), spec);
}

void set_channel_statistics(const std::vector<ChannelSums>& sums, double pixels, InputSpec& spec) {
  spec.mean.clear();
  spec.std_dev.clear();
  for (const ChannelSums& channel : sums) {
    const double mean = channel.sum / pixels;
    const double variance = std::max(0.0, channel.squares / pixels - mean * mean);
    spec.mean.push_back(mean / 255);
    spec.std_dev.push_back(variance > 1e-9 ? std::sqrt(variance) / 255 : 1);
  }
}

}  // namespace maas
