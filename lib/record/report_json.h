// The numbers behind a report's charts.
#pragma once

#include <string>

#include "record/report.h"

namespace maas {

// One JSON object that is safe inside <script type="application/json">: no '<' occurs in it.
std::string report_json(const ReportData& data);

}  // namespace maas
