// Graphs of one operator each, for tests that write and read them
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "export/onnx/round_trip.h"
#include "program/arguments.h"

namespace maas {

using Operands = std::vector<Operand>;

inline Argument ref(Handle x) { return ValueRef{x.id}; }
inline Argument list(std::vector<int64_t> numbers) { return int_list(numbers); }
inline Operand dim(int64_t number) { return {"dim", number}; }

// A graph over x [B, 4, 6] (float), i [B, 4] (integers from 0 to 2) and b [B, 4, 6] (truth values).
struct Inputs {
  GraphBuilder& g;
  Handle x, i, b;

  Handle call(const std::string& op, Operands operands) const {
    operands.insert(operands.begin(), {"self", ref(x)});
    return g.call(op, operands);
  }
  Handle image() const { return call("aten::reshape", {{"shape", list({-1, 4, 2, 3})}}); }
  Handle positive() const { return g.call("aten::exp", {{"self", ref(x)}}); }
};

struct Case {
  const char* name;
  std::function<Handle(const Inputs&)> make;
};

inline Program program_of(const Case& one) {
  GraphBuilder g(one.name, 1);
  const Handle x = g.input("x", {4, 6}, at::kFloat);
  const Handle i = g.input("i", {4}, at::kLong);
  const Handle b = g.call("aten::gt.Scalar", {{"self", ref(x)}, {"other", 0.2}});
  const Handle y = one.make({g, x, i, b});
  return g.finish({{"y", y}});
}

// Of the first argument alone: aten::<name>(self).
inline Case unary(const char* name) {
  return {name, [name](const Inputs& in) {
            return in.g.call(std::string("aten::") + name, {{"self", ref(in.x)}});
          }};
}
inline Case of_positive(const char* name) {
  return {name, [name](const Inputs& in) {
            return in.g.call(std::string("aten::") + name, {{"self", ref(in.positive())}});
          }};
}
inline Case with(const char* name, Operands operands) {
  return {name, [name, operands](const Inputs& in) {
            return in.call(std::string("aten::") + name, operands);
          }};
}
inline Case with_other(const char* name) {
  return {name, [name](const Inputs& in) {
            return in.call(std::string("aten::") + name, {{"other", ref(in.positive())}});
          }};
}
inline Case of_image(const char* name, Operands operands) {
  return {name, [name, operands](const Inputs& in) {
            Operands all = operands;
            all.insert(all.begin(), {"self", ref(in.image())});
            return in.g.call(std::string("aten::") + name, all);
          }};
}
inline Case of_truth(const char* name, Operands operands) {
  return {name, [name, operands](const Inputs& in) {
            Operands all = operands;
            all.insert(all.begin(), {"self", ref(in.b)});
            return in.g.call(std::string("aten::") + name, all);
          }};
}

inline void check(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.name);
    const Program program = program_of(one);
    expect_same_outputs(program, read_back(program));
  }
}

}  // namespace maas
