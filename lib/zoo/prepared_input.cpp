#include "zoo/prepared_input.h"

#include <ATen/ops/tensor.h>

#include "base/error.h"
#include "program/arguments.h"

namespace maas {
namespace {

// uint8 [B, C, H, W] -> float32 in [0, 255] or [0, 1], or standardised by channel.
Handle normalised_image(GraphBuilder& g, const InputSpec& input, Normalize normalize) {
  const Handle pixels = g.input("image", {input.channels, input.height, input.width}, at::kByte);
  Handle x = g.call("aten::to.dtype", {{"self", ValueRef{pixels.id}}, {"dtype", at::kFloat}});
  if (normalize == Normalize::kNone) return x;
  x = g.call("aten::div.Scalar", {{"self", ValueRef{x.id}}, {"other", 255.0}});
  if (normalize == Normalize::kUnit || input.mean.empty()) return x;
  const auto constant = [&](const char* name, const std::vector<double>& values) {
    const auto channels = static_cast<int64_t>(values.size());
    return g.buffer(name, at::tensor(values, at::kFloat).view({channels, 1, 1}));
  };
  const Handle mean = constant("normalize.mean", input.mean);
  const Handle std_dev = constant("normalize.std", input.std_dev);
  x = g.call("aten::sub.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{mean.id}}});
  return g.call("aten::div.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{std_dev.id}}});
}

Handle in_float32(GraphBuilder& g, Handle x) {
  return g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
}

// float32 [B, N]; standardised in the type of the input, since float32 would lose what float64
// values far from 0 differ in.
Handle normalised_numbers(GraphBuilder& g, const InputSpec& input, Normalize normalize) {
  const std::vector<NumericFeature> columns = input.numeric_features();
  const at::ScalarType type = input.float64 ? at::kDouble : at::kFloat;
  std::vector<double> means, std_devs;
  for (const NumericFeature& column : columns) {
    means.push_back(column.mean);
    std_devs.push_back(column.std_dev);
  }
  const Handle raw = g.input("numeric", {static_cast<int64_t>(columns.size())}, type);
  if (normalize != Normalize::kStandardize) return input.float64 ? in_float32(g, raw) : raw;
  const Handle mean = g.buffer("normalize.mean", at::tensor(means, type));
  const Handle std_dev = g.buffer("normalize.std", at::tensor(std_devs, type));
  const Handle centred =
      g.call("aten::sub.Tensor", {{"self", ValueRef{raw.id}}, {"other", ValueRef{mean.id}}});
  const Handle scaled =
      g.call("aten::div.Tensor", {{"self", ValueRef{centred.id}}, {"other", ValueRef{std_dev.id}}});
  return input.float64 ? in_float32(g, scaled) : scaled;
}

// float32 [B, bins]: how far each number is through each of its bins, of [B, N] as they are
// normalised, since in float32 raw numbers may be all the same.
Handle binned_numbers(GraphBuilder& g, Handle numbers, const InputSpec& input,
                      const BuildOptions& options) {
  const std::vector<NumericFeature> features = input.numeric_features();
  std::vector<int64_t> columns;
  std::vector<double> starts, widths;
  for (const NumericBin& bin : options.bins) {
    NumericFeature unit = features.at(static_cast<size_t>(bin.column));
    if (options.normalize != Normalize::kStandardize) unit.mean = 0, unit.std_dev = 1;
    columns.push_back(bin.column);
    starts.push_back((bin.start - unit.mean) / unit.std_dev);
    widths.push_back((bin.end - bin.start) / unit.std_dev);
  }
  const Handle index = g.buffer("bins.column", at::tensor(columns, at::kLong));
  const Handle start = g.buffer("bins.start", at::tensor(starts, at::kFloat));
  const Handle width = g.buffer("bins.width", at::tensor(widths, at::kFloat));
  Handle x =
      g.call("aten::index_select",
             {{"self", ValueRef{numbers.id}}, {"dim", int64_t{1}}, {"index", ValueRef{index.id}}});
  x = g.call("aten::sub.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{start.id}}});
  x = g.call("aten::div.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{width.id}}});
  return g.call("aten::clamp", {{"self", ValueRef{x.id}}, {"min", 0.0}, {"max", 1.0}});
}

// Width of a column's embedding: grows with the number of categories, at most 50.
int64_t embedding_width(int64_t categories) { return std::min<int64_t>(50, (categories + 2) / 2); }

Handle encoded_categories(GraphBuilder& g, const std::vector<ColumnSpec>& columns, bool embed) {
  const Handle raw = g.input("categorical", {static_cast<int64_t>(columns.size())}, at::kLong);
  std::vector<Handle> parts;
  for (size_t i = 0; i < columns.size(); ++i) {
    const auto rows = static_cast<int64_t>(columns[i].categories.size()) + 1;  // 0 = unknown
    const Handle index = g.call(
        "aten::select.int",
        {{"self", ValueRef{raw.id}}, {"dim", int64_t{1}}, {"index", static_cast<int64_t>(i)}});
    if (embed) {
      parts.push_back(g.embedding("embed." + columns[i].name, index, rows, embedding_width(rows)));
      continue;
    }
    const Handle hot =
        g.call("aten::one_hot", {{"self", ValueRef{index.id}}, {"num_classes", rows}});
    parts.push_back(g.call("aten::to.dtype", {{"self", ValueRef{hot.id}}, {"dtype", at::kFloat}}));
  }
  return parts.size() == 1 ? parts[0] : g.concat(parts, 1);
}

// The mean of the pieces' embeddings times the root of their number: [B, kTextWidth]. A sum grows
// with the length of a text, and a mean forgets how much it is worth.
Handle bag_of_pieces(GraphBuilder& g, const TextForm& form) {
  constexpr int64_t kTextWidth = 16;
  constexpr double kSpread = 0.05;  // of the first weights: the sum of many must not be loud
  const Handle pieces = g.input("text", {form.pieces}, at::kLong);
  const Handle vectors = g.embedding("embed.text", pieces, form.buckets + 1, kTextWidth, kSpread);
  Handle there = g.call("aten::ne.Scalar", {{"self", ValueRef{pieces.id}}, {"other", int64_t{0}}});
  there = in_float32(g, there);
  const Handle mask =
      g.call("aten::unsqueeze", {{"self", ValueRef{there.id}}, {"dim", int64_t{2}}});
  const Handle kept =
      g.call("aten::mul.Tensor", {{"self", ValueRef{vectors.id}}, {"other", ValueRef{mask.id}}});
  const Handle sum =
      g.call("aten::sum.dim_IntList", {{"self", ValueRef{kept.id}}, {"dim", int_list({1})}});
  Handle count = g.call("aten::sum.dim_IntList",
                        {{"self", ValueRef{there.id}}, {"dim", int_list({1})}, {"keepdim", true}});
  count = g.call("aten::clamp_min", {{"self", ValueRef{count.id}}, {"min", 1.0}});
  count = g.call("aten::sqrt", {{"self", ValueRef{count.id}}});
  return g.call("aten::div.Tensor", {{"self", ValueRef{sum.id}}, {"other", ValueRef{count.id}}});
}

}  // namespace

Normalize normalize_of(const std::string& name) {
  MAAS_CHECK(name == "none" || name == "unit" || name == "standardize" || name == "imagenet");
  return name == "none"   ? Normalize::kNone
         : name == "unit" ? Normalize::kUnit
                          : Normalize::kStandardize;
}

Handle prepared_input(GraphBuilder& g, const DataSpec& data, const BuildOptions& options) {
  if (data.input.kind == InputKind::kImage) {
    return normalised_image(g, data.input, options.normalize);
  }
  std::vector<Handle> parts;
  const auto numeric = data.input.numeric_features();
  const auto categorical = data.input.categorical_columns();
  if (!numeric.empty()) {
    const Handle numbers = normalised_numbers(g, data.input, options.normalize);
    parts.push_back(numbers);
    if (!options.bins.empty()) {
      parts.push_back(binned_numbers(g, numbers, data.input, options));
    }
  }
  if (!categorical.empty()) {
    parts.push_back(encoded_categories(g, categorical, options.embed_categories));
  }
  if (data.input.has_text()) parts.push_back(bag_of_pieces(g, data.input.text));
  return parts.size() == 1 ? parts[0] : g.concat(parts, 1);
}

}  // namespace maas
