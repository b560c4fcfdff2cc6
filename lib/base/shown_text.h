// Anybody's text, made fit for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace maas {

// Fit for a message: control characters as \n or \x1b, at most `most` bytes, whole characters only.
std::string shown_text(std::string_view text, size_t most = 80);

// Of several lines: line feeds and tabs stay, other control characters (C0, DEL, C1: what moves the
// cursor, clears the screen or renames the window) and bytes that are no UTF-8 are written out.
std::string terminal_text(std::string_view text);

}  // namespace maas
