#include "export/format.h"

#include <gmock/gmock.h>

#include <set>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

TEST(Formats, AreFoundByNameAndByTheEndingOfAFile) {
  for (const Format& format : formats()) {
    EXPECT_EQ(&format_named(format.name), &format);
    for (const std::string& ending : format.extensions) {
      EXPECT_EQ(&format_of_file("folder.x/net" + ending), &format);
    }
  }
  EXPECT_STREQ(format_of_file("NET.SafeTensors").name, "safetensors");
}

TEST(Formats, HaveNamesAndEndingsOfTheirOwnAndSayWhatTheyLose) {
  std::set<std::string> seen;
  std::string last;
  for (const Format& format : formats()) {
    EXPECT_LT(last, format.name);
    last = format.name;
    EXPECT_STRNE(format.summary, "");
    EXPECT_STRNE(format.loses, "");
    EXPECT_EQ(format.read == nullptr, std::string(format.unread) != "") << format.name;
    for (const std::string& ending : format.extensions) EXPECT_TRUE(seen.insert(ending).second);
  }
}

TEST(Formats, OfAnotherNameAreAUsageErrorWithTheNearest) {
  EXPECT_THAT(error_of([] { format_named("torchskript"); }, ErrorKind::kUsage),
              HasSubstr("unknown 'torchskript'; did you mean 'torchscript'?"));
  EXPECT_THAT(error_of([] { format_of_file("a.safetensor"); }, ErrorKind::kUsage),
              HasSubstr("did you mean '.safetensors'?"));
  EXPECT_THAT(error_of([] { format_of_file("a.pt"); }, ErrorKind::kUsage),
              HasSubstr("several formats use the ending '.pt'"));
  EXPECT_THAT(error_of([] { format_of_file("onnx"); }, ErrorKind::kUsage),
              HasSubstr("has no ending"));
}

}  // namespace
}  // namespace maas
