// What unpacking a message of a gRPC call takes, told before it is unpacked: protobuf makes an
// object of two bytes, and asks nobody (protobuf.dev/programming-guides/encoding).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace maas {

// Bytes that the parts of a ModelInferRequest take beside those of the message itself, which lies
// in pieces. Nothing is allocated meanwhile.
//
// Throws Error{kInput} for more inputs, outputs, raw contents, parameters, sizes of a shape or
// texts than a request may have, for more than 256 fields that the protocol does not have, and for
// what is no message: a field that is cut off, a group, a number of more than 64 bits.
size_t infer_message_cost(std::span<const std::string_view> pieces);

}  // namespace maas
