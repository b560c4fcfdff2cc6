#include "zoo/adopt_model.h"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include "call/verify.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// Somebody's network: floats of `shape` in, `outputs` scores out.
Program somebodys(const std::vector<int64_t>& shape, int64_t outputs) {
  GraphBuilder g("net.pt2", 3);
  Handle x = g.input("x", shape, at::kFloat);
  if (shape.size() > 1) x = g.flatten(x);
  return g.finish({{"scores", g.linear("fc", x, outputs)}});
}

Program adopt(const Program& network, const DataSpec& data) {
  return adopt_model(network, data,
                     {.seed = 1, .normalize = Normalize::kStandardize, .embed_categories = true},
                     "net.pt2");
}

std::string misfit_of(const Program& network, const DataSpec& data) {
  return error_of([&] { adopt(network, data); }, ErrorKind::kUsage);
}

TEST(AdoptModel, LeavesANetworkThatTakesTheDataAsItIs) {
  const Program program = build(network("lenet5"), images(1, 28));
  EXPECT_EQ(to_text(adopt(program, images(1, 28))), to_text(program));
}

TEST(AdoptModel, PutsThePreprocessingInFront) {
  const DataSpec data = images(1, 4);
  const Program network = somebodys({1, 4, 4}, 10), adopted = adopt(network, data);
  EXPECT_NO_THROW(verify(adopted, "net.pt2"));
  const at::Tensor x = pixels(3, data.input);
  const at::Tensor scaled = x.to(at::kFloat).div(255).sub(0.5).div(0.25);
  EXPECT_TRUE(at::equal(evaluate(adopted, {x}).at(0), evaluate(network, {scaled}).at(0)));
}

TEST(AdoptModel, FlattensImagesForANetworkOfRows) {
  const DataSpec data = images(1, 4);
  const Program adopted = adopt(somebodys({16}, 10), data);
  EXPECT_EQ(evaluate(adopted, {pixels(3, data.input)}).at(0).sizes(), (at::IntArrayRef{3, 10}));
}

TEST(AdoptModel, NamesBothShapesOfInputsThatDoNotFit) {
  EXPECT_THAT(misfit_of(somebodys({3, 8, 8}, 10), images(1, 28)),
              AllOf(HasSubstr("net.pt2: takes f32[s0, 3, 8, 8]"),
                    HasSubstr("expected u8[s0, 1, 28, 28] as the data gives, or "
                              "f32[s0, 1, 28, 28] after scaling"),
                    HasSubstr("fix: choose data of that size")));
  EXPECT_THAT(misfit_of(somebodys({4, 4, 1}, 10), images(1, 4)),
              HasSubstr("fix: reshape inside the network"));
  EXPECT_THAT(misfit_of(somebodys({3, 8, 8}, 3), table(13)),
              AllOf(HasSubstr("net.pt2: takes f32[s0, 3, 8, 8]"),
                    HasSubstr("expected f32[s0, 13] as the data gives")));
}

TEST(AdoptModel, NamesBothNumbersOfClassesThatDoNotFit) {
  EXPECT_THAT(misfit_of(somebodys({1, 28, 28}, 7), images(1, 28)),
              AllOf(HasSubstr("net.pt2: gives [s0, 7]"),
                    HasSubstr("expected [batch, 10], as the data has 10 classes"),
                    HasSubstr("fix: choose data with as many classes")));
}

TEST(AdoptModel, RefusesAFixedBatch) {
  Program fixed = somebodys({16}, 10);
  for (Value& value : fixed.values) {
    for (Dim& dim : value.shape) {
      if (dim.is_symbolic()) dim = Dim(8);
    }
  }
  EXPECT_THAT(misfit_of(fixed, images(1, 4)),
              AllOf(HasSubstr("net.pt2: has the fixed input shape [8, 16]"),
                    HasSubstr("expected a dynamic first dimension"), HasSubstr("Dim.DYNAMIC")));
}

}  // namespace
}  // namespace maas
