// How wide the input of texts must be, from the training rows.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sample/table_encoder.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

constexpr int64_t kRowsAtOnce = 64;

}  // namespace

TextForm learn_text_form(const CellGrid& cells, const InputSpec& spec, const at::Tensor& index,
                         const TextForm& most, std::vector<std::string>& told) {
  std::vector<int64_t> columns;
  for (size_t c = 0; c < spec.columns.size(); ++c) {
    if (spec.columns[c].is_text()) columns.push_back(static_cast<int64_t>(c));
  }
  if (columns.empty()) return {};
  constexpr int64_t kStep = 32;
  const auto* rows = index.const_data_ptr<int64_t>();
  const int64_t count = index.size(0);
  std::vector<int64_t> wanted(static_cast<size_t>(count));
  at::parallel_for(0, count, kRowsAtOnce, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) {
      std::vector<Cell> kept;  // texts are views of them
      std::vector<TextCell> texts;
      kept.reserve(columns.size());
      texts.reserve(columns.size());
      for (const int64_t c : columns) {
        // Longer texts are refused when they are encoded.
        const std::string_view cell = kept.emplace_back(cells.at(rows[i], c))
                                          .view()
                                          .substr(0, static_cast<size_t>(kMostTextBytes));
        texts.push_back({cell, spec.columns[static_cast<size_t>(c)].name});
      }
      wanted[static_cast<size_t>(i)] = text_pieces(texts, most, nullptr, 0);
    }
  });
  const int64_t longest = *std::max_element(wanted.begin(), wanted.end());
  TextForm form = most;
  form.pieces = std::min(most.pieces, std::max<int64_t>(1, (longest + kStep - 1) / kStep) * kStep);
  if (longest > form.pieces) {
    const auto beyond = std::count_if(wanted.begin(), wanted.end(),
                                      [&](int64_t pieces) { return pieces > form.pieces; });
    told.push_back(fmt::format(
        "the texts of {} of {} training rows have more than {} pieces (the longest {}), and count "
        "in part; data.text_pieces says how many a row may have",
        beyond, count, form.pieces, longest));
  }
  return form;
}

}  // namespace maas
