// As torchvision 0.28 computes them (torchvision/csrc/ops/cpu), in the same order of arithmetic.
#include "call/vision_operators.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd_not_implemented_fallback.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "call/deform_conv2d.h"

namespace maas {
namespace {

using at::Tensor;

constexpr int64_t kMostSamples = int64_t{1} << 24;  // of one region

// Boxes x1, y1, x2, y2; the indices of those kept, best first.
Tensor nms(const Tensor& boxes, const Tensor& scores, double threshold) {
  TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4 && scores.dim() == 1 &&
                  scores.size(0) == boxes.size(0) && scores.scalar_type() == boxes.scalar_type(),
              "nms of boxes ", boxes.sizes(), " with scores ", scores.sizes());
  const Tensor order =
      std::get<1>(scores.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true)).contiguous();
  const Tensor dense = boxes.contiguous();
  const int64_t count = boxes.size(0);
  const int64_t* ranked = order.const_data_ptr<int64_t>();
  std::vector<int64_t> kept;
  std::vector<bool> gone(static_cast<size_t>(count), false);
  AT_DISPATCH_FLOATING_TYPES(boxes.scalar_type(), "nms", [&] {
    const scalar_t* data = dense.const_data_ptr<scalar_t>();
    const auto area = [&](const scalar_t* box) { return (box[2] - box[0]) * (box[3] - box[1]); };
    for (int64_t i = 0; i < count; ++i) {
      const int64_t best = ranked[i];
      if (gone[best]) continue;
      kept.push_back(best);
      const scalar_t* a = data + 4 * best;
      for (int64_t j = i + 1; j < count; ++j) {
        const scalar_t* b = data + 4 * ranked[j];
        const scalar_t width = std::max<scalar_t>(0, std::min(a[2], b[2]) - std::max(a[0], b[0]));
        const scalar_t height = std::max<scalar_t>(0, std::min(a[3], b[3]) - std::max(a[1], b[1]));
        const scalar_t both = width * height;
        if (both / (area(a) + area(b) - both) > threshold) gone[ranked[j]] = true;
      }
    }
  });
  Tensor result = at::empty({static_cast<int64_t>(kept.size())}, order.options());
  std::copy(kept.begin(), kept.end(), result.data_ptr<int64_t>());
  return result;
}

// A place between pixels: up to four of them and their weights.
struct Sample {
  int64_t places[4] = {0, 0, 0, 0};
  double weights[4] = {0, 0, 0, 0};
};

// Outside by more than a pixel there is nothing; nearer, the edge counts.
Sample sample_at(double y, double x, int64_t height, int64_t width) {
  Sample sample;
  if (!(y >= -1.0 && y <= static_cast<double>(height) && x >= -1.0 &&
        x <= static_cast<double>(width))) {
    return sample;
  }
  y = std::max(y, 0.0);
  x = std::max(x, 0.0);
  const int64_t top = std::min(static_cast<int64_t>(y), height - 1);
  const int64_t left = std::min(static_cast<int64_t>(x), width - 1);
  const int64_t bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
  const double down = bottom == top ? 0 : y - static_cast<double>(top);
  const double along = right == left ? 0 : x - static_cast<double>(left);
  sample = {
      {top * width + left, top * width + right, bottom * width + left, bottom * width + right},
      {(1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along}};
  return sample;
}

struct Pooling {
  double scale = 1, offset = 0;
  int64_t height = 1, width = 1, ratio = 0;
  bool aligned = false;
};

// The samples of every bin of one region, bin by bin; `each` = how many a bin has.
template <class Scalar>
std::vector<Sample> samples_of(const Scalar* region, const Pooling& pooling, at::IntArrayRef image,
                               int64_t& each) {
  const double left = region[1] * pooling.scale - pooling.offset;
  const double top = region[2] * pooling.scale - pooling.offset;
  double width = region[3] * pooling.scale - pooling.offset - left;
  double height = region[4] * pooling.scale - pooling.offset - top;
  if (!pooling.aligned) {
    width = std::max(width, 1.0);
    height = std::max(height, 1.0);
  }
  TORCH_CHECK(
      std::isfinite(left) && std::isfinite(top) && std::abs(width) < 1e6 && std::abs(height) < 1e6,
      "roi_align of a region of ", width, " by ", height);
  const double bin_height = height / static_cast<double>(pooling.height);
  const double bin_width = width / static_cast<double>(pooling.width);
  const int64_t rows =
      pooling.ratio > 0 ? pooling.ratio : std::max<int64_t>(0, std::ceil(bin_height));
  const int64_t columns =
      pooling.ratio > 0 ? pooling.ratio : std::max<int64_t>(0, std::ceil(bin_width));
  each = rows * columns;
  TORCH_CHECK(each * pooling.height * pooling.width <= kMostSamples, "roi_align of a region of ",
              width, " by ", height);
  std::vector<Sample> samples;
  for (int64_t bin = 0; bin < pooling.height * pooling.width; ++bin) {
    const double y0 = top + static_cast<double>(bin / pooling.width) * bin_height;
    const double x0 = left + static_cast<double>(bin % pooling.width) * bin_width;
    for (int64_t i = 0; i < each; ++i) {
      const double y =
          y0 + (static_cast<double>(i / columns) + 0.5) * bin_height / static_cast<double>(rows);
      const double x =
          x0 + (static_cast<double>(i % columns) + 0.5) * bin_width / static_cast<double>(columns);
      samples.push_back(sample_at(y, x, image[2], image[3]));
    }
  }
  return samples;
}

void check_regions(const Tensor& input, const Tensor& regions, int64_t height, int64_t width) {
  TORCH_CHECK(input.dim() == 4 && regions.dim() == 2 && regions.size(1) == 5 &&
                  input.scalar_type() == regions.scalar_type(),
              "roi_align of ", input.sizes(), " at regions ", regions.sizes());
  TORCH_CHECK(height > 0 && width > 0 && height < 4096 && width < 4096, "roi_align to ", height,
              " by ", width);
}

Tensor roi_align(const Tensor& input, const Tensor& regions, double scale, int64_t height,
                 int64_t width, int64_t ratio, bool aligned) {
  check_regions(input, regions, height, width);
  TORCH_CHECK(ratio < 4096, "roi_align with ", ratio, " samples a side of a bin");
  const Pooling pooling{scale, aligned ? 0.5 : 0.0, height, width, ratio, aligned};
  const Tensor image = input.contiguous(), dense = regions.contiguous();
  const int64_t channels = input.size(1), plane = input.size(2) * input.size(3);
  Tensor result = at::zeros({regions.size(0), channels, height, width}, input.options());
  if (plane == 0) return result;
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "roi_align", [&] {
    scalar_t* out = result.data_ptr<scalar_t>();
    for (int64_t r = 0; r < regions.size(0); ++r) {
      const scalar_t* region = dense.const_data_ptr<scalar_t>() + 5 * r;
      TORCH_CHECK_INDEX(region[0] >= 0 && region[0] < input.size(0), "roi_align: image ", region[0],
                        " of ", input.size(0));
      int64_t each = 0;
      const std::vector<Sample> samples = samples_of(region, pooling, input.sizes(), each);
      const scalar_t* planes =
          image.const_data_ptr<scalar_t>() + static_cast<int64_t>(region[0]) * channels * plane;
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t bin = 0; bin < height * width; ++bin) {
          double sum = 0;
          for (int64_t i = bin * each; i < (bin + 1) * each; ++i) {
            for (int64_t k = 0; k < 4; ++k) {
              sum += samples[i].weights[k] * planes[c * plane + samples[i].places[k]];
            }
          }
          *out++ = static_cast<scalar_t>(sum / static_cast<double>(std::max<int64_t>(each, 1)));
        }
      }
    }
  });
  return result;
}

Tensor roi_align_shape(const Tensor& input, const Tensor& regions, double /*scale*/, int64_t height,
                       int64_t width, int64_t /*ratio*/, bool /*aligned*/) {
  check_regions(input, regions, height, width);
  return at::empty({regions.size(0), input.size(1), height, width}, input.options());
}

}  // namespace

void register_vision_operators() {
  static const std::vector<torch::Library> libraries = [] {
    std::vector<torch::Library> made;
    made.emplace_back(torch::Library::FRAGMENT, "torchvision", std::nullopt, __FILE__, __LINE__);
    made[0].def("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor");
    made[0].def(
        "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt "
        "pooled_width, int sampling_ratio, bool aligned) -> Tensor");
    made[0].def(
        "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
        "SymInt "
        "stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt "
        "dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor");
    made.emplace_back(torch::Library::IMPL, "torchvision", c10::DispatchKey::CPU, __FILE__,
                      __LINE__);
    made[1].impl("nms", TORCH_FN(nms));
    made[1].impl("roi_align", TORCH_FN(roi_align));
    made[1].impl("deform_conv2d", TORCH_FN(deform_conv2d));
    made.emplace_back(torch::Library::IMPL, "torchvision", c10::DispatchKey::Meta, __FILE__,
                      __LINE__);
    made[2].impl("roi_align", TORCH_FN(roi_align_shape));
    made[2].impl("deform_conv2d", TORCH_FN(deform_conv2d_shape));
    made.emplace_back(torch::Library::IMPL, "torchvision", c10::DispatchKey::Autograd, __FILE__,
                      __LINE__);
    for (const char* name : {"roi_align", "deform_conv2d"}) {
      made[3].impl(name, torch::autograd::autogradNotImplementedFallback());
    }
    return made;
  }();
}

}  // namespace maas
