#include "serve/plan_session.h"

#include <ATen/Parallel.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "call/builder.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::unique_ptr<Session> session_of(Program program, const std::string& name = "net") {
  Model model;
  model.program = std::move(program);
  return make_plan_session(model, {.name = name});
}

template <class F>
std::string message_of(F work) {
  try {
    work();
  } catch (const Error& error) {
    return fmt::format("{}: {}", static_cast<int>(error.kind()), error.what());
  }
  return "";
}

// ids [B, 3] -> embedding of `rows` rows of (ids + offset).
Program embedding(int64_t rows, int64_t offset = 0) {
  GraphBuilder g("test", 1);
  Handle x = g.input("ids", {3}, at::kLong);
  if (offset != 0) {
    x = g.call("aten::add.Scalar", {{"self", ValueRef{x.id}}, {"other", offset}});
  }
  return g.finish({{"y", g.embedding("wte", x, rows, 4)}});
}

TEST(PlanSession, HasTheMetadataOfTheGraph) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("image", {1, 4, 4}, at::kByte);
  const Handle f = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
  const auto session = session_of(g.finish({{"logits", g.linear("fc", g.flatten(f), 3)}}));
  const SessionInfo& info = session->info();
  ASSERT_EQ(info.inputs.size(), 1);
  EXPECT_EQ(info.inputs[0].name, "image");
  EXPECT_EQ(info.inputs[0].dtype, at::kByte);
  EXPECT_EQ(info.inputs[0].shape, (std::vector<int64_t>{-1, 1, 4, 4}));
  ASSERT_EQ(info.outputs.size(), 1);
  EXPECT_EQ(info.outputs[0].name, "logits");
  EXPECT_EQ(info.outputs[0].shape, (std::vector<int64_t>{-1, 3}));
  EXPECT_EQ(info.max_batch, 0);
  EXPECT_TRUE(info.labels.empty());
  EXPECT_EQ(session->infer({at::zeros({2, 1, 4, 4}, at::kByte)})[0].size(0), 2);
}

TEST(PlanSession, PutsRowsTogetherOnlyWhereNoneDependsOnAnother) {
  const auto joins = [](const std::function<Handle(GraphBuilder&, Handle)>& layer) {
    GraphBuilder g("test", 1);
    const Handle x = g.input("x", {4}, at::kFloat);
    return session_of(g.finish({{"y", layer(g, x)}}))->info().joins_rows;
  };
  EXPECT_TRUE(joins([](GraphBuilder& g, Handle x) { return g.linear("fc", x, 3); }));
  EXPECT_TRUE(session_of(embedding(5))->info().joins_rows);
  const auto softmax_over = [](int64_t dim) {
    return [dim](GraphBuilder& g, Handle x) {
      return g.call("aten::softmax.int", {{"self", ValueRef{x.id}}, {"dim", dim}});
    };
  };
  EXPECT_TRUE(joins(softmax_over(1)));
  EXPECT_FALSE(joins(softmax_over(0)));
  // Only rows above 10 reach the others.
  EXPECT_FALSE(joins([](GraphBuilder& g, Handle x) {
    const Handle low = g.call("aten::sub.Scalar", {{"self", ValueRef{x.id}}, {"other", 10.0}});
    const Handle above = g.call("aten::relu", {{"self", ValueRef{low.id}}});
    const Handle all = g.call("aten::amax", {{"self", ValueRef{above.id}}, {"keepdim", false}});
    return g.call("aten::add.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{all.id}}});
  }));
  // Its output has no row for each row of its input.
  EXPECT_FALSE(joins([](GraphBuilder& g, Handle x) {
    return g.call("aten::t", {{"self", ValueRef{x.id}}});
  }));
}

TEST(PlanSession, HasTheLabelsOfAClassifier) {
  Model model;
  model.program = embedding(5);
  model.manifest.data.emplace();
  model.manifest.data->task = {TaskKind::kClassification, {"cat", "dog"}};
  EXPECT_EQ(make_plan_session(model, {.name = "m"})->info().labels.size(), 2);
  model.manifest.data->task = {TaskKind::kRegression, {"price"}};
  EXPECT_TRUE(make_plan_session(model, {.name = "m"})->info().labels.empty());
}

TEST(PlanSession, RefusesANameThatIsNoPartOfAPath) {
  EXPECT_THAT(message_of([] { session_of(embedding(5), "my net"); }),
              AllOf(HasSubstr("2: model name: 'my net'"), HasSubstr("--name")));
}

TEST(PlanSession, RefusesATensorThatTheProtocolHasNoNameFor) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {3}, at::kComplexFloat);
  EXPECT_THAT(message_of([&] {
                session_of(g.finish({{"y", x}}));
              }),
              HasSubstr("3: model, 'x': is no tensor of a datatype that can be served"));
}

TEST(PlanSession, KnowsHowFarIndicesMayGo) {
  const SessionInfo info = session_of(embedding(50))->info();
  ASSERT_EQ(info.inputs[0].values.size(), 1);
  EXPECT_EQ(info.inputs[0].values[0].highest, 49);
  EXPECT_EQ(info.inputs[0].values[0].reason, "it picks from 'wte.weight'");
}

// T09, for indices that the graph computes: nothing is known before it runs.
TEST(PlanSession, AnIndexOutOfRangeIsTheClientsFault) {
  const auto session = session_of(embedding(50, 2));
  EXPECT_TRUE(session->info().inputs[0].values.empty());
  EXPECT_EQ(
      session->infer({at::tensor({int64_t{0}, int64_t{1}, int64_t{47}}).unsqueeze(0)})[0].size(2),
      4);
  for (const int64_t bad : {int64_t{48}, int64_t{-3}, INT64_MAX - 2, INT64_MIN}) {
    EXPECT_THAT(message_of([&] {
                  session->infer({at::tensor({bad, bad, bad}).unsqueeze(0)});
                }),
                AllOf(HasSubstr("3: inputs: lead to an index that is out of range"),
                      HasSubstr("values and sizes that the model was made for")))
        << bad;
  }
}

TEST(PlanSession, SizesKeepToTheRangeOfTheirSymbol) {
  Program program = embedding(50);
  program.symbols["s0"] = {2, 8};
  const auto session = session_of(program);
  EXPECT_EQ(session->info().max_batch, 8);
  EXPECT_EQ(session->infer({at::zeros({8, 3}, at::kLong)}).size(), 1);
  EXPECT_THAT(message_of([&] {
                session->infer({at::zeros({9, 3}, at::kLong)});
              }),
              HasSubstr("3: input 'ids', size of dimension 0,: is 9; expected 1 to 8"));
}

// Exported while training: dropout drops, batch norm counts.
TEST(PlanSession, ServesInEvaluationModeAndForgetsEachRequest) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle mean = g.buffer("mean", at::zeros({4}));
  const Handle dropped =
      g.call("aten::dropout", {{"input", ValueRef{x.id}}, {"p", 0.5}, {"train", true}});
  const Handle sum =
      g.call("aten::add.Tensor", {{"self", ValueRef{dropped.id}}, {"other", ValueRef{mean.id}}});
  const Handle next = g.call("aten::add.Scalar", {{"self", ValueRef{mean.id}}, {"other", 1.0}});
  Program program = g.finish({{"y", sum}});
  program.outputs.insert(program.outputs.begin(),
                         {GraphOutput::Kind::kBufferMutation, ValueRef{next.id}, "mean"});
  const auto session = session_of(program);
  const at::Tensor input = at::rand({1, 4});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(session->infer({input})[0].equal(input));
  EXPECT_EQ(program.buffers.at("mean").sum().item<float>(), 0);
}

TEST(PlanSession, ResultsOfNoneAreLeftOutAndNamesAreUnique) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle y = g.relu(x), z = g.call("aten::neg", {{"self", ValueRef{x.id}}});
  Program program = g.finish({{"y", y}, {"z", z}});
  program.user_output_names.clear();
  program.outputs = {{GraphOutput::Kind::kUser, None{}, ""},
                     {GraphOutput::Kind::kUser, ValueRef{z.id}, ""},
                     {GraphOutput::Kind::kUser, ValueRef{y.id}, ""},
                     {GraphOutput::Kind::kUser, ValueRef{z.id}, ""}};
  const auto session = session_of(program);
  std::vector<std::string> names;
  for (const TensorInfo& output : session->info().outputs) names.push_back(output.name);
  EXPECT_THAT(names, testing::ElementsAre("z", "y", "z_1"));
  const at::Tensor input = at::rand({1, 4});
  const auto outputs = session->infer({input});
  ASSERT_EQ(outputs.size(), 3);
  EXPECT_TRUE(outputs[0].equal(input.neg()));
  EXPECT_TRUE(outputs[1].equal(input));
  EXPECT_TRUE(outputs[2].equal(input.neg()));
}

TEST(PlanSession, ComputesOnOneThreadAfterWarmUp) {
  const auto session = session_of(embedding(5));
  int threads = 0;
  std::jthread([&] {
    session->warm_up();
    threads = at::get_num_threads();
  }).join();
  EXPECT_EQ(threads, 1);
}

TEST(PlanSession, AnswersManyThreadsAlike) {
  const auto session = session_of(embedding(50));
  const at::Tensor ids = at::tensor({int64_t{1}, int64_t{2}, int64_t{3}}).unsqueeze(0);
  const at::Tensor expected = session->infer({ids})[0];
  std::atomic<int> right{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) right += session->infer({ids})[0].equal(expected) ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(right, 400);
}

}  // namespace
}  // namespace maas
