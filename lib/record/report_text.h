// Numbers and texts as a reader of a report wants them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace maas {

// For element content and quoted attributes: & < > " ' become entities, bytes that are not UTF-8
// and control characters other than tab and newline U+FFFD.
std::string html_escape(std::string_view text);

std::string grouped(int64_t number);  // 12345678 -> "12,345,678"

// By the metric's own unit: accuracy 0.98314 -> "98.31 %", nll 0.05612 -> "0.0561"; "–" for NaN.
std::string metric_text(const std::string& name, double value);

std::string duration_text(double seconds);  // "41.3 s", "12 min 5 s", "3 h 12 min"

}  // namespace maas
