// What libtorch says of a failed call, without the backtrace
#pragma once

#include <exception>
#include <string>

namespace maas {

// First sentence of the message of a c10::Error, or the whole text of another exception.
std::string short_reason(const std::exception& error);

}  // namespace maas
