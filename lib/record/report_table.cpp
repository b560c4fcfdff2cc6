#include <algorithm>

#include "record/report_sections.h"
#include "record/report_text.h"

namespace maas {
namespace {

// "1.25 ms", "-3", "97.1 %": begins as a number does.
bool is_number(const std::string& text) {
  const size_t first = text.find_first_not_of("+-");
  return first != text.npos && text[first] >= '0' && text[first] <= '9';
}

// A column of numbers aligns right, its empty cells and dashes aside.
bool is_numeric(const ReportTable& table, size_t column) {
  return std::all_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
    const std::string& cell = row.at(column);
    return cell.empty() || cell == "–" || is_number(cell);
  });
}

}  // namespace

std::string table_html(const ReportTable& table) {
  if (table.rows.empty()) return "";
  const auto row_html = [&](const std::vector<std::string>& cells, const char* tag) {
    std::string row = "<tr>";
    for (size_t i = 0; i < cells.size(); ++i) {
      row += std::string("<") + tag + (is_numeric(table, i) ? " class=\"right number\">" : ">") +
             html_escape(cells[i]) + "</" + tag + ">";
    }
    return row + "</tr>\n";
  };
  std::string html =
      "<section id=\"" + table.id + "\"><h2>" + html_escape(table.title) + "</h2>\n<p>" +
      html_escape(table.note) +
      "</p>\n<div class=\"card scroll tall\" tabindex=\"0\"><table class=\"facts\"><thead>\n" +
      row_html(table.columns, "th") + "</thead><tbody>\n";
  for (const auto& row : table.rows) html += row_html(row, "td");
  return html + "</tbody></table></div></section>\n";
}

}  // namespace maas
