// What a transform did, as JSON, Markdown and a page that works offline
#pragma once

#include <string>
#include <vector>

#include "base/json_writer.h"
#include "record/report.h"
#include "transform/transform.h"

namespace maas {

// The keys of a verb's --json object (docs/transform.md); `json` is inside an object.
void write_report(JsonWriter& json, const TransformReport& report);

// Before and after in a few lines, for a terminal.
std::string report_text(const TransformReport& report);

// Before and after, and a row a layer, for a page of record/report.h.
std::vector<ReportTable> report_tables(const TransformReport& report);

// One line where the result is slower at every batch size that was measured, by more than 5 %,
// which a busy machine gives, or its file is larger; else "".
std::string no_gain_text(const TransformReport& report);

// Tables in Markdown, for people and code reviews.
std::string report_markdown(const TransformReport& report);

// The page of record/report.h. `model_path` names the result in the commands to type next.
std::string transform_report_html(const TransformReport& report, const Manifest& manifest,
                                  const std::string& model_path);

}  // namespace maas
