#include "train/kept_kernels.h"

#include <gmock/gmock.h>

#include "run/kernel_times.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeptKernelsTest : public testing::Test {
 protected:
  ~KeptKernelsTest() override { pin_kernels("default"); }
  static std::vector<std::string> take(const std::string& text) {
    return take_kept_kernels({{kKeptKernels, text}});
  }
  static std::string text_of(const std::string& machine) {
    KernelTimes times;
    times.remember("p", {"onednn", {{"mkl", 2e-6}, {"onednn", 1e-6}}});
    return times.text(machine);
  }
};

TEST_F(KeptKernelsTest, AreThoseThatTheRunWasStartedWith) {
  EXPECT_THAT(take(text_of(kernel_machine())), IsEmpty());
  ASSERT_TRUE(kernel_times().find("p"));
  EXPECT_EQ(kernel_times().find("p")->winner, "onednn");
  EXPECT_EQ(kept_kernels(), text_of(kernel_machine()));
}

TEST_F(KeptKernelsTest, StayPinned) {
  pin_kernels("mkl");
  const std::string kept = kept_kernels();
  pin_kernels("onednn");
  EXPECT_THAT(take(kept), IsEmpty());
  EXPECT_EQ(kernel_times().pinned(), "mkl");
}

TEST_F(KeptKernelsTest, OfAnotherMachineAreChosenAnewAndThatIsSaid) {
  EXPECT_THAT(take(text_of("an abacus")),
              ElementsAre(testing::AllOf(HasSubstr("another machine or libtorch (an abacus"),
                                         HasSubstr("last digits"))));
  EXPECT_FALSE(kernel_times().find("p"));
  EXPECT_THAT(take("nonsense"), ElementsAre(HasSubstr("one that it does not name")));
}

TEST_F(KeptKernelsTest, OfAnOlderVersionAreNone) { EXPECT_THAT(take_kept_kernels({}), IsEmpty()); }

}  // namespace
}  // namespace maas
