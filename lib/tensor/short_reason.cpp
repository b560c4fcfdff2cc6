#include "tensor/short_reason.h"

#include <c10/util/Exception.h>

namespace maas {

std::string short_reason(const std::exception& error) {
  std::string text = error.what();
  if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) {
    text = torch_error->what_without_backtrace();
  }
  for (const char* tail : {"\nException raised", "\nFunction ", ". You may have run into"}) {
    text = text.substr(0, text.find(tail));
  }
  return text;
}

}  // namespace maas
