// The long arrays of numbers of a request, read on their own: a document in memory holds sixteen
// bytes for each number and is walked twice, which is most of what a request of tensors costs.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maas {

struct LiftedNumbers {
  // The request with each lifted array replaced by its index in `arrays`; has the padding that the
  // JSON parser wants.
  std::string rest;
  std::vector<std::vector<double>> arrays;
};

// What lifting the numbers of this text takes at most, with the tensors that are made of them.
size_t lifting_bytes(std::string_view text);

// Lifts `"data": [numbers]` of the objects in arrays of the outermost object, where the inputs of
// an Open Inference Protocol request are. Numbers are those of RFC 8259, correctly rounded. Nothing
// where that is not all there is to it (a nested array, another value, an escape in any string, a
// text that ends early): the caller reads the whole text then, and says what is wrong with it. Of
// what is not lifted nothing is checked here.
std::optional<LiftedNumbers> lift_numbers(std::string_view text);

}  // namespace maas
