// The files of the server's page, carried inside the program.
#pragma once

#include <string_view>

namespace maas {

extern const std::string_view kPageHtml;
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace maas
