#include "serve/queued_inference.h"

#include <gtest/gtest.h>

#include "base/throw_error.h"

namespace maas {
namespace {

InferenceFailure failure_on(const std::function<void()>& act) {
  try {
    act();
  } catch (...) {
    return failure_of(std::current_exception());
  }
  return {0, "nothing was thrown"};
}

TEST(FailureOf, TellsTheClientOnlyWhatIsTheClientsFault) {
  const InferenceFailure bad =
      failure_on([] { throw_input("input 'x'", "is too strange", "a plain one", "fix it"); });
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.message, "input 'x' is too strange; expected a plain one");
  EXPECT_EQ(failure_on([] { throw_input("input 'x'", "is too strange", ""); }).message,
            "input 'x' is too strange");
  const std::string hidden = "the model failed on this request; the server's log says why";
  const InferenceFailure internal = failure_on([] {
    throw Error(ErrorKind::kInternal,
                {.where = "/secret", .what = "is broken", .expected = "", .fix = ""});
  });
  EXPECT_EQ(internal.status, 500);
  EXPECT_EQ(internal.message, hidden);
  const InferenceFailure other = failure_on([] { throw std::runtime_error("/secret/path"); });
  EXPECT_EQ(other.status, 500);
  EXPECT_EQ(other.message, hidden);
}

TEST(FailureOf, WhatAClientSentStaysInOneShortLine) {
  const InferenceFailure lines = failure_on([] { throw_input("input 'a\nb'", "is \x01", ""); });
  EXPECT_EQ(lines.message, "input 'a?b' is ?");
  std::string umlauts;
  for (int i = 0; i < 5000; ++i) umlauts += "\xc3\xa4";
  const InferenceFailure lengthy = failure_on([&] { throw_input("x", umlauts, ""); });
  EXPECT_EQ(lengthy.message, "x " + umlauts.substr(0, 1998) + "...");
}

TEST(FailureOf, WithoutMemoryIs503) {
  const InferenceFailure failure = failure_on([] { throw std::bad_alloc(); });
  EXPECT_EQ(failure.status, 503);
  EXPECT_EQ(failure.message, "out of memory; send less at once");
}

}  // namespace
}  // namespace maas
