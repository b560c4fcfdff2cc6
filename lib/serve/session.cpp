#include "serve/session.h"

#include <algorithm>

#include "tensor/dtype.h"

namespace maas {

std::string_view oip_datatype(at::ScalarType dtype) {
  return dtype_to_protocol(dtype).value_or("");
}

bool is_model_name(std::string_view text) {
  const auto is_alnum = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > 128 || !is_alnum(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace maas
