#include "record/report_confusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "record/report_text.h"

namespace maas {
namespace {

constexpr int64_t kMostClasses = 40;

std::string share_text(int64_t part, int64_t whole) {
  return whole == 0 ? "–"
                    : fmt::format("{:.1f} %",
                                  100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string label_html(const ReportData& data, int64_t k) {
  return html_escape(k < static_cast<int64_t>(data.labels.size()) ? data.labels[k]
                                                                  : std::to_string(k));
}

// Blue where it is right, red where it is not, the stronger the more of the row.
std::string cell_html(const Confusion& table, int64_t r, int64_t c) {
  const int64_t count = table.at(r, c);
  if (count == 0) return "<td class=\"zero\">·</td>";
  const double share = static_cast<double>(count) / static_cast<double>(table.rows[r]);
  return fmt::format("<td style=\"background:rgba(var(--{}), {:.3f})\">{}</td>",
                     r == c ? "hit" : "miss", 0.12 + 0.5 * share, grouped(count));
}

}  // namespace

Confusion read_confusion(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.to(at::kLong).contiguous();
  Confusion table;
  table.classes = whole.size(0);
  const int64_t* first = whole.const_data_ptr<int64_t>();
  table.counts.assign(first, first + whole.numel());
  table.rows.resize(static_cast<size_t>(table.classes));
  table.columns.resize(static_cast<size_t>(table.classes));
  for (int64_t r = 0; r < table.classes; ++r) {
    for (int64_t c = 0; c < table.classes; ++c) {
      table.rows[r] += table.at(r, c);
      table.columns[c] += table.at(r, c);
    }
  }
  return table;
}

// All classes, or the ones that take part in most mistakes, in order of index.
std::vector<int64_t> shown_classes(const Confusion& table) {
  std::vector<int64_t> classes(static_cast<size_t>(table.classes));
  std::iota(classes.begin(), classes.end(), int64_t{0});
  if (table.classes <= kMostClasses) return classes;
  const auto mistakes = [&](int64_t k) {
    const size_t i = static_cast<size_t>(k);
    return table.rows[i] + table.columns[i] - 2 * table.at(k, k);
  };
  std::stable_sort(classes.begin(), classes.end(),
                   [&](int64_t a, int64_t b) { return mistakes(a) > mistakes(b); });
  classes.resize(kMostClasses);
  std::sort(classes.begin(), classes.end());
  return classes;
}

std::string confusion_rows_html(const ReportData& data) {
  const Confusion table = read_confusion(data.metrics.confusion);
  const std::vector<int64_t> shown = shown_classes(table);
  std::string head = "<thead><tr><th>true ↓ said →</th>";
  std::string foot = "<tr><th scope=\"row\">precision</th>", body;
  for (const int64_t c : shown) {
    head += "<th scope=\"col\">" + label_html(data, c) + "</th>";
    foot += "<td class=\"total\">" + share_text(table.at(c, c), table.columns[c]) + "</td>";
  }
  for (const int64_t r : shown) {
    body += "<tr><th scope=\"row\">" + label_html(data, r) + "</th>";
    for (const int64_t c : shown) body += cell_html(table, r, c);
    body += "<td class=\"total\">" + share_text(table.at(r, r), table.rows[r]) + "</td></tr>\n";
  }
  return head + "<th>recall</th></tr></thead><tbody>\n" + body + foot + "<td></td></tr></tbody>";
}

}  // namespace maas
