// Which maas this is
#pragma once

#include <string>

namespace maas {

std::string maas_version();  // "0.1.0", as CMakeLists.txt has it

}  // namespace maas
