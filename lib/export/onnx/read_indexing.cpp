// Reading: parts of a tensor by place.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

// Sizes chosen from a list.
bool gather_sizes(OnnxReader& r, const OnnxNode& node) {
  const OnnxValue* data = r.look(node, 0);
  const auto list = r.sizes(node, 0);
  const auto index = r.constant(node, 1);
  if (data == nullptr || !data->sizes || !list || list->is_scalar || !index || index->dim() > 1) {
    return false;
  }
  SizeList chosen;
  chosen.is_scalar = index->dim() == 0;
  const auto count = static_cast<int64_t>(list->items.size());
  const at::Tensor places = index->to(at::kLong).contiguous();
  for (int64_t i = 0; i < places.numel(); ++i) {
    const int64_t place = places.const_data_ptr<int64_t>()[i];
    if (place < -count || place >= count) {
      r.refuse(node, fmt::format("size {} of {}", place, count), "one that is there");
    }
    chosen.items.push_back(list->items[static_cast<size_t>(place < 0 ? place + count : place)]);
  }
  r.give_sizes(node, chosen);
  return true;
}

void read_gather(OnnxReader& r, const OnnxNode& node) {
  if (gather_sizes(r, node)) return;
  const ValueId data = r.tensor(node, 0);
  const int64_t axis = front_dim(r, node, r.integer(node, "axis", 0), rank_of(r, data));
  const auto number = r.constant(node, 1);
  if (number && number->dim() == 0) {
    r.give(node,
           r.call("aten::select.int",
                  {self(data), {"dim", axis}, {"index", number->to(at::kLong).item<int64_t>()}}));
    return;
  }
  const auto size = r.sizes(node, 1);
  if (size && size->is_scalar) {
    r.give(node, r.call("aten::select.int",
                        {self(data), {"dim", axis}, {"index", ValueRef{size->items[0].value}}}));
    return;
  }
  const ValueId index = r.tensor(node, 1);
  const OnnxValue* source = r.look(node, 0);
  if (axis == 0 && rank_of(r, data) == 2 && source->constant.defined()) {
    r.give(node,
           r.call("aten::embedding", {reference("weight", data), reference("indices", index)}));
  } else if (rank_of(r, index) == 1) {
    r.give(node,
           r.call("aten::index_select", {self(data), {"dim", axis}, reference("index", index)}));
  } else {
    ValueList indices;
    indices.optional = true;
    indices.ids.assign(static_cast<size_t>(axis), kNoValue);
    indices.ids.push_back(index);
    r.give(node, r.call("aten::index.Tensor", {self(data), {"indices", indices}}));
  }
}

void read_gather_elements(OnnxReader& r, const OnnxNode& node) {
  r.give(node, r.call("aten::gather", {self(r.tensor(node, 0)),
                                       {"dim", r.integer(node, "axis", 0)},
                                       reference("index", r.tensor(node, 1))}));
}

// The last dimension of the indices holds one for each of the first dimensions.
void read_gather_nd(OnnxReader& r, const OnnxNode& node) {
  const ValueId data = r.tensor(node, 0), places = r.tensor(node, 1);
  const std::vector<Dim> shape = r.value(places).shape;
  const bool plain = !shape.empty() && !shape.back().is_symbolic() && shape.back().size >= 1 &&
                     static_cast<size_t>(shape.back().size) <= rank_of(r, data) &&
                     r.integer(node, "batch_dims", 0) == 0;
  if (!plain) r.refuse(node, "indices of " + to_text(shape), "[..., n], n fixed and in range");
  ValueList indices;
  indices.optional = true;
  for (int64_t i = 0; i < shape.back().size; ++i) {
    indices.ids.push_back(
        r.call("aten::select.int", {self(places), {"dim", int64_t{-1}}, {"index", i}}));
  }
  r.give(node, r.call("aten::index.Tensor", {self(data), {"indices", indices}}));
}

Argument as_argument(const IntOrValue& item) {
  return item.value == kNoValue ? Argument(item.number) : Argument(ValueRef{item.value});
}

bool slice_sizes(OnnxReader& r, const OnnxNode& node) {
  const OnnxValue* data = r.look(node, 0);
  if (data == nullptr || !data->sizes) return false;
  const SizeList list = *r.sizes(node, 0);
  const auto starts = r.integers(node, 1), ends = r.integers(node, 2);
  const bool plain = starts.size() == 1 && ends.size() == 1 && !list.is_scalar &&
                     (!r.has(node, 4) || r.integers(node, 4) == std::vector<int64_t>{1});
  if (!plain) r.refuse(node, "sizes cut in more than one way", "begin and end");
  const auto count = static_cast<int64_t>(list.items.size());
  const auto place = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + count : at, 0, count);
  };
  SizeList part;
  for (int64_t i = place(starts[0]); i < place(ends[0]); ++i) {
    part.items.push_back(list.items[static_cast<size_t>(i)]);
  }
  r.give_sizes(node, part);
  return true;
}

void read_slice(OnnxReader& r, const OnnxNode& node) {
  if (slice_sizes(r, node)) return;
  ValueId x = r.tensor(node, 0);
  const size_t rank = rank_of(r, x);
  const IntList starts = r.size_list(node, 1), ends = r.size_list(node, 2);
  const size_t count = starts.items.size();
  std::vector<int64_t> axes, steps(count, 1);
  for (size_t i = 0; i < count; ++i) axes.push_back(static_cast<int64_t>(i));
  if (r.has(node, 3)) axes = r.integers(node, 3);
  if (r.has(node, 4)) steps = r.integers(node, 4);
  if (ends.items.size() != count || axes.size() != count || steps.size() != count) {
    r.refuse(node, "begins, ends, axes and steps of different lengths", "as many of each");
  }
  std::vector<int64_t> flipped;
  for (size_t i = 0; i < count; ++i) {
    const int64_t dim = front_dim(r, node, axes[i], rank);
    if (steps[i] > 0) {
      x = r.call("aten::slice.Tensor", {self(x),
                                        {"dim", dim},
                                        {"start", as_argument(starts.items[i])},
                                        {"end", as_argument(ends.items[i])},
                                        {"step", steps[i]}});
      continue;
    }
    const bool all = steps[i] == -1 && starts.items[i] == IntOrValue{-1, kNoValue} &&
                     ends.items[i].value == kNoValue && ends.items[i].number <= -kEnd;
    if (!all) r.refuse(node, "a part backwards", "all of a dimension");
    flipped.push_back(dim);
  }
  if (!flipped.empty()) x = r.call("aten::flip", {self(x), {"dims", int_list(flipped)}});
  r.give(node, x);
}

constexpr ReaderRow kRows[] = {{"Gather", read_gather},
                               {"GatherElements", read_gather_elements},
                               {"GatherND", read_gather_nd},
                               {"Slice", read_slice}};

}  // namespace

std::span<const ReaderRow> onnx_indexing_readers() { return kRows; }

}  // namespace maas
