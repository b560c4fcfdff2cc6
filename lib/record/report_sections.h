// The parts of report.html, each a piece of HTML or "" when there is nothing to show.
#pragma once

#include <string>

#include "record/report.h"

namespace maas {

std::string headlines_html(const ReportData& data);  // metrics, then data.headlines
std::string table_html(const ReportTable& table);    // "" without rows
std::string charts_html(const ReportData& data);
std::string warnings_html(const ReportData& data);
std::string commands_html(const ReportData& data);
std::string curves_html(const ReportData& data);
std::string confusion_html(const ReportData& data);
std::string classes_html(const ReportData& data);  // per class, and calibration
std::string scatter_html(const ReportData& data);
std::string examples_html(const ReportData& data);
std::string facts_html(const ReportData& data);  // data, time, model, environment
std::string config_html(const ReportData& data);

}  // namespace maas
