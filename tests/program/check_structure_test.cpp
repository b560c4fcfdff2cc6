#include "program/check_structure.h"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/emit.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// x -> relu -> neg -> output, beside a weight.
struct Graph {
  Program program;
  ValueId x, weight, relu, neg;

  Graph() {
    x = add_user_input(program, "x", at::kFloat, {Dim(2)});
    weight = add_weight(program, "w", at::ones({2}));
    relu = add("aten::relu", x);
    neg = add("aten::neg", relu);
    program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{neg}, "y"});
  }
  ValueId add(const std::string& op, ValueId operand) {
    Node node = make_node(op, {{"self", ValueRef{operand}}});
    const ValueId result = add_result(program, node, "v", operand);
    program.nodes.push_back(node);
    return result;
  }
  std::string fault() const {
    return error_of([&] { check_structure(program, "pass 'x'"); }, ErrorKind::kInternal);
  }
};

TEST(CheckStructure, PassesAGraphThatCanRun) {
  EXPECT_NO_THROW(check_structure(Graph().program, "here"));
  EXPECT_NO_THROW(check_structure(Program(), "here"));
}

TEST(CheckStructure, NamesTheNodeThatReadsTooEarly) {
  Graph graph;
  std::swap(graph.program.nodes[0], graph.program.nodes[1]);
  EXPECT_THAT(graph.fault(),
              AllOf(HasSubstr("pass 'x': node 0 (aten::neg)"), HasSubstr("before it is made")));
}

TEST(CheckStructure, NamesTheValueThatIsMadeTwice) {
  Graph graph;
  graph.program.nodes[1].outputs[0].ids[0] = graph.relu;
  EXPECT_THAT(graph.fault(),
              AllOf(HasSubstr("node 1"),
                    HasSubstr("%" + graph.program.value(graph.relu).name + " is made twice")));
}

TEST(CheckStructure, RefusesNumbersOfNoValue) {
  for (const ValueId bad : {ValueId{-5}, ValueId{1000}}) {
    Graph graph;
    graph.program.nodes[1].set("self", ValueRef{bad});
    EXPECT_THAT(graph.fault(), HasSubstr("reads value number"));
    graph = Graph();
    graph.program.nodes[1].outputs[0].ids[0] = bad;
    EXPECT_THAT(graph.fault(), HasSubstr("makes value number"));
  }
}

TEST(CheckStructure, NamesTheOutputThatNobodyMakes) {
  Graph graph;
  graph.program.nodes.pop_back();
  EXPECT_THAT(graph.fault(), HasSubstr("output y"));
}

TEST(CheckStructure, NamesTheWeightWithoutATensor) {
  Graph graph;
  graph.program.parameters.clear();
  EXPECT_THAT(graph.fault(), AllOf(HasSubstr("input w"), HasSubstr("no tensor of this name")));
}

TEST(CheckStructure, RefusesNamesakes) {
  Graph graph;
  graph.program.value(graph.neg).name = graph.program.value(graph.relu).name;
  EXPECT_THAT(graph.fault(), HasSubstr("has a namesake"));
  graph = Graph();
  graph.program.inputs.push_back(graph.program.inputs[0]);
  EXPECT_THAT(graph.fault(), HasSubstr("has a namesake"));
}

}  // namespace
}  // namespace maas
