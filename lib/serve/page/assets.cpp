// Each .inc file is one raw string literal; neighbours become one string.
#include "serve/page/assets.h"

namespace maas {

// clang-format off
const std::string_view kPageHtml =
#include "serve/page/assets/page.html.inc"
    ;

const std::string_view kPageStyle =
#include "serve/page/assets/page.css.inc"
    ;

const std::string_view kPageScript =
#include "serve/page/assets/elements.js.inc"
#include "serve/page/assets/ask.js.inc"
#include "serve/page/assets/image.js.inc"
#include "serve/page/assets/table.js.inc"
#include "serve/page/assets/json.js.inc"
#include "serve/page/assets/page.js.inc"
    ;
// clang-format on

}  // namespace maas
