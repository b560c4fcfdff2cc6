// What a DimExpression is made of: shared by its parser, its arithmetic and its spellings
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "program/dim_expression.h"

namespace maas {

struct DimExpression::Term {
  // 'n' number, 'r' real number, 's' symbol, '+', '-' (binary), '*', '^' power,
  // '/' floor division, 'C' clean division, '%' modulo, 'M' max, 'm' min,
  // 'D' and 'd' true division (of reals, of integers), 'R' to real, 'c' ceil, 'f' floor, 't' trunc,
  // '=' equal, '!' not equal, '<', '>', 'l' at most, 'g' at least, '&' and, '|' or, '~' not.
  char kind = 'n';
  int64_t number = 0;
  double real = 0;
  std::string name;  // of a symbol; a real number as it was written
  std::vector<std::shared_ptr<const Term>> parts;
};

// `rules` admits comparisons and what joins them. nullptr where the text is no such expression.
std::shared_ptr<const DimExpression::Term> parse_dim_term(std::string_view text, bool rules);

}  // namespace maas
