#include "program/dynamic_sizes.h"

#include <ATen/ops/empty.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;

// Inputs "a", "b" … with these shapes.
Program program_with(const std::vector<std::vector<Dim>>& shapes) {
  Program program;
  for (const auto& shape : shapes) {
    Value value;
    value.name = std::string(1, static_cast<char>('a' + program.values.size()));
    value.shape = shape;
    program.inputs.push_back({GraphInput::Kind::kUser, static_cast<ValueId>(program.values.size()),
                              value.name, true, None{}});
    program.values.push_back(value);
  }
  return program;
}

std::string refusal(const Program& program, const std::vector<std::vector<int64_t>>& sizes) {
  std::vector<at::Tensor> inputs;
  for (const auto& size : sizes) inputs.push_back(at::empty(size));
  try {
    DynamicSizes(program).check(inputs);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kInput ? error.what() : "";
  }
  return "";
}

const Dim kBatch("s0", 4);

TEST(DynamicSizes, ASymbolIsOneNumberInAllInputs) {
  const Program program = program_with({{kBatch, 2}, {3, kBatch}});
  EXPECT_EQ(refusal(program, {{5, 2}, {3, 5}}), "");
  EXPECT_THAT(
      refusal(program, {{5, 2}, {3, 6}}),
      HasSubstr("input 'b', size of dimension 1,: is 6; expected 5, as dimension 0 of input "
                "'a' has"));
}

TEST(DynamicSizes, ASymbolKeepsToItsRange) {
  Program program = program_with({{kBatch}});
  program.symbols["s0"] = {4, 16};
  EXPECT_EQ(refusal(program, {{4}}) + refusal(program, {{16}}), "");
  EXPECT_THAT(refusal(program, {{3}}), HasSubstr("is 3; expected 4 to 16"));
  EXPECT_THAT(refusal(program, {{17}}), HasSubstr("is 17; expected 4 to 16"));
  EXPECT_EQ(DynamicSizes(program).highest(0, 0), 16);
}

TEST(DynamicSizes, TheTracersLowestSizeIsNoBound) {
  Program program = program_with({{kBatch}});
  program.symbols["s0"] = {2, std::nullopt};
  EXPECT_EQ(refusal(program, {{1}}), "");
  EXPECT_EQ(DynamicSizes(program).highest(0, 0), std::nullopt);
  program.symbols["s0"] = {5, std::nullopt};
  EXPECT_THAT(refusal(program, {{1}}), HasSubstr("is 1; expected at least 5"));
}

TEST(DynamicSizes, AComputedSizeIsAsComputed) {
  const Program program = program_with({{Dim("2*s0", 8)}, {kBatch}});
  EXPECT_EQ(refusal(program, {{10}, {5}}), "");
  EXPECT_THAT(refusal(program, {{9}, {5}}), HasSubstr("input 'a', size of dimension 0,: is 9"));
  EXPECT_THAT(refusal(program, {{9}, {5}}), HasSubstr("2*s0 = 10"));
}

TEST(DynamicSizes, AComputedSizeAloneMustBeOfItsForm) {
  Program program = program_with({{Dim("2*s0 + 1", 9)}, {Dim("3*s0", 12)}});
  program.symbols["s0"] = {2, 10};
  EXPECT_EQ(refusal(program, {{9}, {12}}), "");
  EXPECT_THAT(refusal(program, {{8}, {12}}), HasSubstr("is 8; expected a size of the form"));
  EXPECT_THAT(refusal(program, {{9}, {15}}), HasSubstr("3*s0 = 12"));
  EXPECT_THAT(refusal(program, {{23}, {33}}), HasSubstr("with s0 1 to 10"));
}

TEST(DynamicSizes, WhatIsNotALineIsLeftToTheGraph) {
  EXPECT_EQ(refusal(program_with({{Dim("s0**2", 16)}}), {{5}}), "");
  EXPECT_EQ(refusal(program_with({{Dim("s0*s1", 16)}}), {{5}}), "");
  EXPECT_EQ(refusal(program_with({{Dim("what is this", 16)}}), {{5}}), "");
}

TEST(DynamicSizes, ARuleOfTheFileIsKeptAndNamedInTermsOfTheInputs) {
  Program program = program_with({{2, Dim("s0", 32)}, {Dim("2*s1", 8)}});
  program.size_rules = {"Mod(s0, 32) == 0", "s1 != 5"};
  EXPECT_EQ(refusal(program, {{2, 64}, {8}}), "");
  const std::string error = refusal(program, {{2, 40}, {8}});
  EXPECT_THAT(error, HasSubstr("input 'a', size of dimension 1,: is 40; expected sizes with "
                               "(a.size(1) % 32) == 0"));
  EXPECT_THAT(error, HasSubstr("nearest: a.size(1) = 32"));
  EXPECT_THAT(refusal(program, {{2, 64}, {10}}), HasSubstr("(b.size(0) - 0) // 2) != 5"));
}

TEST(DynamicSizes, RulesAloneAreChecked) {
  Program program = program_with({{Dim("s0", 4)}, {Dim("s0", 4)}});
  const std::vector<at::Tensor> unlike = {at::empty({4}), at::empty({5})};
  DynamicSizes(program).check_rules(unlike);
  program.size_rules = {"s0 != 4"};
  EXPECT_THROW(DynamicSizes(program).check_rules(unlike), Error);
}

}  // namespace
}  // namespace maas
