#include "base/version.h"

namespace maas {

std::string maas_version() { return MAAS_VERSION; }

}  // namespace maas
