// Each .inc file is one raw string literal; neighbours become one string.
#include "record/report_assets.h"

namespace maas {

// clang-format off
const std::string_view kReportStyles =
#include "record/assets/uplot.css.inc"
#include "record/assets/page.css.inc"
#include "record/assets/charts.css.inc"
    ;

const std::string_view kReportUplot =
#include "record/assets/uplot.js.inc"
    ;

const std::string_view kReportScript =
#include "record/assets/page.js.inc"
#include "record/assets/curves.js.inc"
#include "record/assets/classes.js.inc"
#include "record/assets/calibration.js.inc"
#include "record/assets/regression.js.inc"
#include "record/assets/examples.js.inc"
    ;

const std::string_view kUplotLicense =
#include "record/assets/uplot_license.inc"
    ;
// clang-format on

}  // namespace maas
