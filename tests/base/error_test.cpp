#include "base/error.h"

#include <gmock/gmock.h>

namespace maas {
namespace {

using testing::HasSubstr;

TEST(Problem, SaysWhereWhatExpectedAndTheFixInThisOrder) {
  const Problem problem{.where = "a.yaml:7:3",
                        .what = "epochs is 'ten'",
                        .expected = "a whole number",
                        .fix = "write 10",
                        .excerpt = "  epochs: ten\n          ^"};
  EXPECT_EQ(problem.text(),
            "a.yaml:7:3: epochs is 'ten'; expected a whole number\n"
            "  epochs: ten\n"
            "          ^\n"
            "  fix: write 10");
}

TEST(Problem, LeavesOutWhatItDoesNotKnow) {
  EXPECT_EQ((Problem{"", "no verb", "", "", ""}.text()), "no verb");
  EXPECT_EQ((Problem{"memory", "is full", "", "", ""}.text()), "memory: is full");
}

TEST(Error, HoldsEveryProblemInOrder) {
  const Error error(ErrorKind::kUsage, {{"a", "first", "", "", ""}, {"b", "second", "", "", ""}});
  EXPECT_STREQ(error.what(), "a: first\nb: second");
  EXPECT_EQ(error.first().where, "a");
  EXPECT_EQ(error.problems().size(), 2U);
}

TEST(ErrorKind, IsTheExitCodeOfTheDocument) {
  EXPECT_EQ(static_cast<int>(ErrorKind::kFailed), 1);
  EXPECT_EQ(static_cast<int>(ErrorKind::kUsage), 2);
  EXPECT_EQ(static_cast<int>(ErrorKind::kInput), 3);
  EXPECT_EQ(static_cast<int>(ErrorKind::kResources), 4);
  EXPECT_EQ(static_cast<int>(ErrorKind::kDiverged), 5);
  EXPECT_EQ(static_cast<int>(ErrorKind::kRequirement), 6);
  EXPECT_EQ(static_cast<int>(ErrorKind::kInternal), 70);
  EXPECT_EQ(static_cast<int>(ErrorKind::kInterrupted), 75);
}

TEST(Check, ThatFailsIsOurBugAndNamesItsPlace) {
  try {
    MAAS_CHECK(1 + 1 == 3);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInternal);
    EXPECT_THAT(error.first().where, HasSubstr("error_test.cpp:"));
    EXPECT_THAT(error.what(), HasSubstr("'1 + 1 == 3' does not hold"));
    EXPECT_THAT(error.what(), HasSubstr("report it"));
  }
}

}  // namespace
}  // namespace maas
