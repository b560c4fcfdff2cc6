#include "base/name_first.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

TEST(NameFirst, CountsThoseBeyondTheFirstFew) {
  EXPECT_EQ(name_first({"a", "b", "c"}, 3), "a, b, c");
  EXPECT_EQ(name_first({"a", "b", "c", "d", "e"}, 3), "a, b, c and 2 more");
  EXPECT_EQ(name_first({}, 3), "");
}

}  // namespace
}  // namespace maas
