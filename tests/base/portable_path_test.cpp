#include "base/portable_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace maas {
namespace {

class PortablePath : public testing::Test {
 protected:
  PortablePath() {
    for (const char* name : {"HOME", "USER", "LOGNAME"}) ::unsetenv(name);
    ::setenv("HOME", "/people/alice/", 1);
  }
  static std::string of(const std::string& path, const std::string& folder) {
    return portable_path(path, folder).value_or("nothing");
  }
};

TEST_F(PortablePath, IsTheWayFromTheFolder) {
  EXPECT_EQ(of("/people/alice/p/data/x.csv", "/people/alice/p/runs/a"), "../../data/x.csv");
  EXPECT_EQ(of("/srv/p/data/", "/srv/p/"), "data");
  EXPECT_EQ(of("/srv/p/./runs/../data//x", "/srv/p/runs"), "../data/x");
  EXPECT_EQ(of("/srv/p", "/srv/p/"), ".");
  EXPECT_EQ(of("/srv/a b/\xc3\xa4", "/srv"), "a b/\xc3\xa4");
}

TEST_F(PortablePath, OfARelativeOneIsItself) {
  EXPECT_EQ(of("data/x.csv", "/srv/p"), "data/x.csv");
  EXPECT_EQ(of("-", "/srv/p"), "-");
  EXPECT_EQ(of("", "/srv/p"), "");
}

TEST_F(PortablePath, DoesNotLeadOverTheRootOrTheHomes) {
  EXPECT_EQ(of("/data/x.csv", "/srv/p"), "nothing");
  EXPECT_EQ(of("/x.csv", "/"), "nothing");
  EXPECT_EQ(of("/people/bob/x.csv", "/people/alice/p"), "nothing");
  EXPECT_EQ(of("/home/bob/x.csv", "/home/carol"), "nothing");
}

TEST_F(PortablePath, NamesNeitherTheUserNorTheMachine) {
  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  ::setenv("USER", "carol", 1);
  EXPECT_EQ(of("/srv/carol/x.csv", "/srv/p"), "nothing");
  EXPECT_EQ(of("/srv/alice/x.csv", "/srv/p"), "nothing");
  EXPECT_EQ(of("/srv/" + std::string(host.data()) + "/x.csv", "/srv/p"), "nothing");
  EXPECT_EQ(of("/srv/carolina/x.csv", "/srv/p"), "../carolina/x.csv");
}

}  // namespace
}  // namespace maas
