#include "support/source_folder.h"

namespace maas {

std::filesystem::path source_folder() { return MAAS_SOURCE_DIR; }

}  // namespace maas
