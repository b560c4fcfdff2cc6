// The first few of some names, in one line
#pragma once

#include <string>
#include <vector>

namespace maas {

// "a, b, c" or, of more than `most`, "a, b and 3 more"; each as shown_text() shows it.
std::string name_first(const std::vector<std::string>& names, size_t most);

}  // namespace maas
