#include "load/latencies.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

using std::chrono::nanoseconds;

TEST(Latencies, WithoutAnyAreZero) {
  const Latencies none;
  EXPECT_EQ(none.count(), 0);
  EXPECT_EQ(none.quantile(0.5).count() + none.max().count() + none.mean().count(), 0);
}

TEST(Latencies, AreWithinOnePercentOfWhatTheyWere) {
  for (const int64_t ns : {0L, 1L, 127L, 128L, 255L, 256L, 257L, 511L, 512L, 1'000'000L,
                           999'999'999L, 300'000'000'000L}) {
    Latencies latencies;
    latencies.add(nanoseconds(ns));
    latencies.add(nanoseconds(int64_t{600'000'000'000}));
    const int64_t told = latencies.quantile(0.5).count();
    EXPECT_GE(told, ns);
    EXPECT_LE(static_cast<double>(told), static_cast<double>(ns) * 1.01);
  }
}

TEST(Latencies, KnowTheirPercentilesTheLongestAndTheMean) {
  Latencies latencies;
  for (int i = 1; i <= 100; ++i) latencies.add(nanoseconds(i));
  EXPECT_EQ(latencies.quantile(0.5).count(), 50);
  EXPECT_EQ(latencies.quantile(0.99).count(), 99);
  EXPECT_EQ(latencies.quantile(1).count(), 100);
  EXPECT_EQ(latencies.max().count(), 100);
  EXPECT_EQ(latencies.mean().count(), 51);
}

TEST(Latencies, TakeTimesOfAnyLength) {
  Latencies latencies;
  latencies.add(nanoseconds(INT64_MAX));
  latencies.add(nanoseconds(-5));
  EXPECT_EQ(latencies.max().count(), INT64_MAX);
  EXPECT_EQ(latencies.quantile(0.5).count(), 0);
}

TEST(Latencies, OfTwoRunsAreThoseOfBoth) {
  Latencies one, two;
  one.add(nanoseconds(10));
  two.add(nanoseconds(20));
  one.add(two);
  EXPECT_EQ(one.count(), 2);
  EXPECT_EQ(one.max().count(), 20);
  EXPECT_EQ(one.quantile(0.5).count(), 10);
}

}  // namespace
}  // namespace maas
