#include "train/learning_notes.h"

#include <gmock/gmock.h>

#include "call/builder.h"

namespace maas {
namespace {

TEST(LearningNotes, SayWhichOfSeveralOutputsLearns) {
  GraphBuilder g("net", 1);
  const Handle h = g.relu(g.linear("a", g.input("x", {2}, at::kFloat), 8));
  const Handle y = g.linear("fc", h, 3);
  EXPECT_EQ(outputs_note(GraphBuilder(g).finish({{"y", y}})), "");
  EXPECT_EQ(outputs_note(g.finish({{"y", y}, {"h", h}})),
            "model.from: of its 2 outputs the first, y, is trained, and answers; the model still "
            "gives the others (h), and no loss looks at them");
}

}  // namespace
}  // namespace maas
