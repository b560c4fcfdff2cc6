// Names chosen by a pattern: layers to leave out, parameters to freeze
#pragma once

#include <string_view>

namespace maas {

// Whether the whole of `name` is of the form `pattern`, where * stands for any characters, dots
// too, and ? for one: "backbone.*" is all that begins so. O(name * pattern) at most.
bool matches_pattern(std::string_view name, std::string_view pattern);

}  // namespace maas
