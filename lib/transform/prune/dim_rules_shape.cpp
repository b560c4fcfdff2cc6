// Operators that give the same elements another shape or order.
#include <algorithm>
#include <numeric>

#include "program/arguments.h"
#include "transform/prune/dim_rule.h"

namespace maas {
namespace {

// Dimensions of one side of a reshape: those of size 1 are left out.
struct Side {
  std::vector<int64_t> dims, first, second;  // place, and size under two assignments
  size_t next = 0;
};

Side side_of(const NodeDims& d, ValueId id) {
  const auto [first, second] = d.sizes(id);
  Side side;
  for (int64_t dim = 0; dim < d.rank(id); ++dim) {
    if (d.size(id, dim) == 1) continue;
    side.dims.push_back(dim);
    side.first.push_back(first[dim]);
    side.second.push_back(second[dim]);
  }
  return side;
}

struct Product {
  int64_t first = 1, second = 1;
  bool operator==(const Product&) const = default;
  bool take(Side& side) {
    if (side.next == side.dims.size()) return false;
    const bool wrong = __builtin_mul_overflow(first, side.first[side.next], &first) ||
                       __builtin_mul_overflow(second, side.second[side.next], &second);
    ++side.next;
    return !wrong && first > 0 && second > 0;
  }
};

using Dims = std::vector<int64_t>;

// Index i of the one dimension `whole` is index (i / inner) % size of `part`, the one of several
// that carries its units; the others are positions within a unit.
void tie_split(NodeDims& d, const DimRef& whole, ValueId id, const Dims& parts, size_t carrier) {
  int64_t inner = 1;
  for (size_t i = carrier + 1; i < parts.size(); ++i) inner *= d.size(id, parts[i]);
  const int64_t size = d.size(id, parts[carrier]);
  d.tie_mapped(whole, {id, parts[carrier]}, d.size(whole.value, whole.dim),
               [=](int64_t i) { return std::pair(i, i / inner % size); });
}

void tie_segment(NodeDims& d, ValueId x, const Dims& from, ValueId y, const Dims& to) {
  if (from.size() == 1 && to.size() == 1) return d.tie(x, from[0], y, to[0]);
  const auto plain = [&](ValueId id, const Dims& dims) {
    return std::all_of(dims.begin(), dims.end(), [&](int64_t dim) { return d.size(id, dim) > 0; });
  };
  if (!plain(x, from) || !plain(y, to)) return;
  if (from.size() == 1) {
    const auto carrier = static_cast<size_t>(d.carrier(static_cast<int64_t>(to.size())));
    d.note_carrier(y, to[carrier]);
    tie_split(d, {x, from[0]}, y, to, carrier);
  } else if (to.size() == 1) {
    size_t carrier = 0;  // the outermost that may shrink
    while (carrier + 1 < from.size() && d.all_held(x, from[carrier])) ++carrier;
    tie_split(d, {y, to[0]}, x, from, carrier);
  }
}

// The same elements in row-major order: dimensions are matched where the sizes in front of them
// multiply to the same.
bool same_elements(NodeDims& d, ValueId x, ValueId y) {
  if (x == kNoValue || y == kNoValue) return false;
  Side from = side_of(d, x), to = side_of(d, y);
  while (from.next < from.dims.size() || to.next < to.dims.size()) {
    const size_t from_begin = from.next, to_begin = to.next;
    Product left, right;
    if (!left.take(from) || !right.take(to)) return false;
    while (left != right) {
      const bool left_lags =
          std::pair(left.first, left.second) < std::pair(right.first, right.second);
      if (!(left_lags ? left.take(from) : right.take(to))) return false;
    }
    const auto part = [](const Side& side, size_t begin) {
      return Dims(side.dims.begin() + static_cast<int64_t>(begin),
                  side.dims.begin() + static_cast<int64_t>(side.next));
    };
    tie_segment(d, x, part(from, from_begin), y, part(to, to_begin));
  }
  return true;
}

bool reshape(NodeDims& d) { return same_elements(d, d.operand("self"), d.result()); }

bool reshape_as(NodeDims& d) {
  d.tie_all(d.operand("other"), d.result());
  return reshape(d);
}

void shrink_reshape(NodeShrink& s) {
  for (const char* name : {"size", "shape"}) s.set_sizes(name, s.result(), 0);
}

void shrink_unflatten(NodeShrink& s) {
  const ValueId x = s.operand("self");
  const int64_t dim = integer_of(s.node(), "dim", 0);
  s.set_sizes("sizes", s.result(), dim < 0 ? dim + s.rank(x) : dim);
}

// Without dimensions it takes all that are 1, and one that shrinks to 1 must stay.
void shrink_squeeze(NodeShrink& s) {
  if (!s.node().overload.empty()) return;
  const ValueId x = s.operand("self");
  std::vector<int64_t> dims;
  bool shrunk = false;
  for (int64_t dim = 0; dim < s.rank(x); ++dim) {
    shrunk = shrunk || s.has_shrunk(x, dim);
    if (s.size_before(x, dim) == 1) dims.push_back(dim);
  }
  if (!shrunk) return;
  s.node().overload = "dims";
  s.node().set("dim", int_list(dims));
}

// Dimension i of the result is dimension order[i] of the operand.
bool reorder(NodeDims& d, const Dims& order) {
  const ValueId x = d.operand("self");
  for (int64_t i = 0; i < d.rank(x); ++i) d.tie(x, order[i], d.result(), i);
  return true;
}

Dims in_order(const NodeDims& d) {
  Dims order(static_cast<size_t>(d.rank(d.operand("self"))));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

bool permute(NodeDims& d) {
  const auto dims = integers_of(d.node(), "dims", {});
  return dims && static_cast<int64_t>(dims->size()) == d.rank(d.operand("self")) &&
         reorder(d, *dims);
}

bool swap(NodeDims& d, int64_t a, int64_t b) {
  Dims order = in_order(d);
  const auto rank = static_cast<int64_t>(order.size());
  if (rank < 2) return rank == 1 ? reorder(d, order) : true;
  std::swap(order.at(a < 0 ? a + rank : a), order.at(b < 0 ? b + rank : b));
  return reorder(d, order);
}

bool transpose(NodeDims& d) {
  const bool axes = d.node().find("axis0") != nullptr;
  return swap(d, integer_of(d.node(), axes ? "axis0" : "dim0", 0),
              integer_of(d.node(), axes ? "axis1" : "dim1", 1));
}

bool transpose_matrix(NodeDims& d) { return swap(d, -2, -1); }

bool reverse(NodeDims& d) {
  Dims order = in_order(d);
  std::reverse(order.begin(), order.end());
  return reorder(d, order);
}

bool expand(NodeDims& d) {
  d.tie_broadcast(d.operand("self"), d.result());
  return true;
}

// Dimensions along which something happens are held, the others are as they were.
bool all_but(NodeDims& d, const std::vector<bool>& changed) {
  const ValueId x = d.operand("self");
  for (int64_t i = 0; i < d.rank(x); ++i) {
    if (!changed[i]) d.tie(x, i, d.result(), i);
  }
  return true;
}

bool flip(NodeDims& d) {
  const auto dims = integers_of(d.node(), "dims", {});
  const int64_t rank = d.rank(d.operand("self"));
  if (!dims || dims->empty()) return false;
  std::vector<bool> changed(static_cast<size_t>(rank));
  for (const int64_t dim : *dims) changed.at(dim < 0 ? dim + rank : dim) = true;
  return all_but(d, changed);
}

bool pad(NodeDims& d) {
  const auto amounts = integers_of(d.node(), "pad", {});
  const auto rank = static_cast<size_t>(d.rank(d.operand("self")));
  std::vector<bool> changed(rank);
  if (!amounts || amounts->size() > 2 * rank) return false;
  for (size_t i = 0; i < amounts->size(); ++i) {
    if ((*amounts)[i] != 0) changed[rank - 1 - i / 2] = true;
  }
  return all_but(d, changed);
}

bool repeat(NodeDims& d) {
  const auto times = integers_of(d.node(), "repeats", {});
  const auto rank = static_cast<size_t>(d.rank(d.operand("self")));
  if (!times || times->size() != rank) return false;
  std::vector<bool> changed(rank);
  for (size_t i = 0; i < rank; ++i) changed[i] = (*times)[i] != 1;
  return all_but(d, changed);
}

// [.., C * r * r, H, W] -> [.., C, H * r, W * r], or back.
bool pixel_shuffle(NodeDims& d) {
  const ValueId x = d.operand("self"), y = d.result();
  const bool apart = d.node().op == "aten::pixel_shuffle";
  const ValueId wide = apart ? x : y, narrow = apart ? y : x;
  const int64_t channels = d.size(narrow, -3),
                pixels = channels == 0 ? 0 : d.size(wide, -3) / channels;
  if (pixels == 0) return false;
  d.tie_mapped({wide, -3}, {narrow, -3}, channels * pixels,
               [=](int64_t i) { return std::pair(i, i / pixels); });
  d.tie_leading(x, y, d.rank(x) - 3);
  for (const ValueId id : {x, y}) d.position(id, -1), d.position(id, -2);
  return true;
}

}  // namespace

std::vector<DimRuleRow> shape_dim_rules() {
  return {
      {"view _unsafe_view view_copy reshape flatten unsqueeze unsqueeze_copy ravel",
       {reshape, shrink_reshape}},
      {"unflatten", {reshape, shrink_unflatten}},
      {"squeeze squeeze_copy", {reshape, shrink_squeeze}},
      {"view_as reshape_as", {reshape_as}},
      {"permute permute_copy", {permute}},
      {"transpose transpose_copy swapaxes swapdims", {transpose}},
      {"t t_copy mT", {transpose_matrix}},
      {"numpy_T", {reverse}},
      {"expand expand_copy broadcast_to", {expand, shrink_reshape}},
      {"flip roll", {flip}},
      {"constant_pad_nd pad", {pad}},
      {"repeat", {repeat}},
      {"pixel_shuffle pixel_unshuffle", {pixel_shuffle}},
  };
}

}  // namespace maas
