#include "serve/session.h"

#include <algorithm>

namespace maas {

std::string_view oip_datatype(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBool:
      return "BOOL";
    case at::kByte:
      return "UINT8";
    case at::kUInt16:
      return "UINT16";
    case at::kUInt32:
      return "UINT32";
    case at::kUInt64:
      return "UINT64";
    case at::kChar:
      return "INT8";
    case at::kShort:
      return "INT16";
    case at::kInt:
      return "INT32";
    case at::kLong:
      return "INT64";
    case at::kHalf:
      return "FP16";
    case at::kBFloat16:
      return "BF16";
    case at::kFloat:
      return "FP32";
    case at::kDouble:
      return "FP64";
    default:
      return "";
  }
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
