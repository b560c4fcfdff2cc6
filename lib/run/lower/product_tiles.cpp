#include "run/lower/product_tiles.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <vector>

#include "program/program.h"
#include "run/lower/linear_tile.h"

namespace maas {
namespace {

constexpr int64_t kGrain = 1 << 18;        // multiplications that are worth another thread
constexpr int64_t kTileBytes = 384 << 10;  // of x, which stays near while columns go by

void check(const ProductTiles& product) {
  const at::Tensor& weight = product.weight;
  const bool is_number = weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kChar;
  const int64_t depth = product.taps * product.width;
  TORCH_CHECK(
      is_number && weight.is_contiguous() && product.columns > 0 &&
          weight.sizes() == at::IntArrayRef({packed_blocks(product.columns), depth, kWeightBlock}),
      "weight is ", type_text(weight));
  for (const at::Tensor* span : {&product.scale, &product.bias}) {
    const bool fits = !span->defined() || (span->scalar_type() == at::kFloat &&
                                           span->sizes() == at::IntArrayRef({product.columns}));
    TORCH_CHECK(fits, span == &product.bias ? "bias is " : "scale is ", type_text(*span));
  }
}

int64_t tile_height(const ProductTiles& product) {
  const int64_t row_bytes =
      4 * std::max<int64_t>(1, product.width * std::min<int64_t>(product.taps, 2));
  return std::clamp(kTileBytes / row_bytes / kRowStep * kRowStep, 2 * kRowStep, kTileRows);
}

}  // namespace

const float* span_of(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

void run_product_tiles(const ProductTiles& product, RowPlaces places) {
  check(product);
  const at::Tensor scale = product.scale.defined() ? product.scale.contiguous() : at::Tensor(),
                   bias = product.bias.defined() ? product.bias.contiguous() : at::Tensor();
  const bool is_int8 = product.weight.scalar_type() == at::kChar;
  const float* numbers = is_int8 ? nullptr : product.weight.const_data_ptr<float>();
  const int8_t* integers = is_int8 ? product.weight.const_data_ptr<int8_t>() : nullptr;
  const float *scales = span_of(scale), *biases = span_of(bias);
  std::vector<float> whole;  // read in steps of kColumnStep
  if (biases != nullptr && product.columns % kColumnStep != 0) {
    whole.assign(biases, biases + product.columns);
    whole.resize(static_cast<size_t>(packed_blocks(product.columns) * kWeightBlock));
    biases = whole.data();
  }
  const int64_t depth = product.taps * product.width, columns = product.columns;
  const int64_t blocks = packed_blocks(columns), height = tile_height(product);
  const int64_t tiles = (product.rows + height - 1) / height * blocks;
  const int64_t work = std::min(height, product.rows) * kWeightBlock * depth;
  const auto run = [&](int64_t begin, int64_t end) {
    std::vector<const float*> pieces(
        static_cast<size_t>(product.taps * std::min(height, product.rows)));
    int64_t known = -1;  // the row that pieces[0] is of
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i / blocks * height, column = i % blocks * kWeightBlock;
      const int64_t place = row * columns + column;
      LinearTile tile;
      tile.rows = std::min(height, product.rows - row);
      if (row != known) places(row, tile.rows, pieces.data());
      known = row;
      tile.x = pieces.data();
      tile.taps = product.taps;
      tile.width = product.width;
      tile.columns = std::min(kWeightBlock, columns - column);
      if (is_int8) {
        tile.int8_weight = integers + column * depth;
      } else {
        tile.weight = numbers + column * depth;
      }
      tile.scale = scales == nullptr ? nullptr : scales + column;
      tile.bias = biases == nullptr ? nullptr : biases + column;
      tile.other = product.other == nullptr ? nullptr : product.other + place;
      tile.out = product.out + place;
      tile.out_row = columns;
      tile.activation = product.activation;
      run_linear_tile(tile);
    }
  };
  at::parallel_for(0, tiles, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)), run);
}

}  // namespace maas
