// What the disk refused, in words
#pragma once

#include <filesystem>
#include <string>

#include "base/error.h"

namespace maas {

// What to do about an errno of a file: "check the permissions"; "" where nothing in general helps.
std::string disk_remedy(int error);

// Error{kInput} for a path that leads nowhere (missing, a loop of links, too long a name),
// Error{kResources} for what is not permitted, full or broken. It names the path.
Error disk_error(const std::filesystem::filesystem_error& error);

}  // namespace maas
