// Styles and scripts of report.html, carried inside the program.
#pragma once

#include <string_view>

namespace maas {

extern const std::string_view kReportStyles;  // CSS, uPlot's included
extern const std::string_view kReportUplot;   // uPlot 1.6.32, MIT
extern const std::string_view kReportScript;  // ours; reads the element with id "data"
extern const std::string_view kUplotLicense;

}  // namespace maas
