#include "config/input_paths.h"

#include <gmock/gmock.h>

namespace maas {
namespace {

using testing::ElementsAre;

struct Part {
  InputPath file;
  void describe(Fields& field) { field("file", file); }
};

struct Whole {
  InputPath from, absent;
  std::string name = "x";
  std::vector<InputPath> inputs;
  Part part;
  std::vector<Part> parts;
  void describe(Fields& field) {
    field("from", from);
    field("absent", absent);
    field("name", name);
    field("inputs", inputs);
    field("part", part);
    field("parts", parts);
  }
};

TEST(InputPaths, AreFoundWhereverTheyAreDeclaredAndCanBeChanged) {
  Whole whole;
  whole.from.path = "a";
  whole.inputs = {{"b"}, {"c"}};
  whole.part.file.path = "d";
  whole.parts.resize(2);
  whole.parts[1].file.path = "e";
  std::vector<std::string> keys;
  for_each_input_path(section_of(whole), [&](const std::string& key, InputPath& path) {
    keys.push_back(key + "=" + path.path);
    path.path += "!";
  });
  EXPECT_THAT(keys,
              ElementsAre("from=a", "inputs.0=b", "inputs.1=c", "part.file=d", "parts.1.file=e"));
  EXPECT_EQ(whole.parts[1].file.path, "e!");
  EXPECT_EQ(whole.absent.path, "");
  EXPECT_EQ(whole.parts.size(), 2U);
}

}  // namespace
}  // namespace maas
