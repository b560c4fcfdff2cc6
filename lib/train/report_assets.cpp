// Each .inc file is one raw string literal; neighbours become one string.
#include "train/report_assets.h"

namespace maas {

// clang-format off
const std::string_view kReportStyles =
#include "train/assets/uplot.css.inc"
#include "train/assets/page.css.inc"
#include "train/assets/charts.css.inc"
    ;

const std::string_view kReportUplot =
#include "train/assets/uplot.js.inc"
    ;

const std::string_view kReportScript =
#include "train/assets/page.js.inc"
#include "train/assets/curves.js.inc"
#include "train/assets/classes.js.inc"
#include "train/assets/calibration.js.inc"
#include "train/assets/regression.js.inc"
#include "train/assets/examples.js.inc"
    ;

const std::string_view kUplotLicense =
#include "train/assets/uplot_license.inc"
    ;
// clang-format on

}  // namespace maas
