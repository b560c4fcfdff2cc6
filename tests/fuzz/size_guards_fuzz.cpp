// Any lines as the guards of a PT2 archive: rules that sizes can be looked for under, and that are
// written as they are read; nothing else.
#include <cstdlib>

#include "call/infer.h"
#include "program/emit.h"
#include "program/size_rules.h"
#include "pt2/size_guards.h"

namespace {

maas::Program program_with_sizes() {
  maas::Program program;
  maas::add_user_input(program, "x", at::kFloat, {maas::Dim("s0", 4), 3, maas::Dim("2*s1", 8)});
  maas::add_user_input(program, "y_0", at::kFloat, {maas::Dim("s2", 5)});
  program.symbols = {{"s0", {2, 64}}, {"s2", {3, std::nullopt}}};
  return program;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> guards;
  for (size_t begin = 0; begin <= size;) {
    const size_t end = std::min(text.find('\n', begin), size);
    guards.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  maas::Program program = program_with_sizes();
  maas::take_size_guards(program, guards);
  const maas::SizeRules rules(program);
  const auto near = rules.near({{"s0", 4}, {"s1", 4}, {"s2", 5}});
  if (near && rules.broken(*near) != nullptr) std::abort();
  maas::sample_symbols(program);
  maas::Program again = program_with_sizes();
  maas::take_size_guards(again, maas::size_guards_of(program));
  return 0;
}
