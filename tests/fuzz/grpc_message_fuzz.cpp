// A byte that says how long the pieces are, and any bytes as a packed ModelInferRequest: what
// unpacking it takes, the same of any pieces and bounded by its length, or an Error{kInput}.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "serve/grpc/message_cost.h"

namespace {

std::optional<size_t> cost(const std::vector<std::string_view>& pieces) {
  try {
    return maas::infer_message_cost(pieces);
  } catch (const maas::Error& error) {
    if (error.kind() != maas::ErrorKind::kInput) std::abort();
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view message(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::string_view> pieces;
  const size_t length = data[0] + size_t{1};
  for (size_t at = 0; at < message.size(); at += length) {
    pieces.push_back(message.substr(at, length));
  }
  const auto whole = cost({message});
  if (whole != cost(pieces)) std::abort();
  // Two bytes at most make a text, one a number of eight bytes.
  if (whole && *whole > message.size() * 64) std::abort();
  return 0;
}
