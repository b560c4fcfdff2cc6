// A .pt2 whose graph has one thing wrong: refused with what and where, before anything runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "call/builder.h"
#include "call/verify.h"
#include "pt2/read.h"
#include "pt2/write.h"
#include "support/scratch.h"
#include "tensor/archive.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kGraph = "models/model.json";
constexpr const char* kWeights = "data/weights/model_weights_config.json";

class Pt2Faults : public testing::Test {
 protected:
  static Program network() {
    GraphBuilder g("test", 1);
    const Handle x = g.input("x", {4}, at::kFloat);
    const Handle h = g.call("aten::sum.dim_IntList", {{"self", ValueRef{g.linear("fc", x, 3).id}},
                                                      {"dim", IntList{{{1}}}},
                                                      {"keepdim", true},
                                                      {"dtype", at::kDouble}});
    return g.finish({{"y", h}});
  }

  using Changes = std::vector<std::pair<std::string, std::string>>;  // from, to

  // What is said of the file after these changes in one of its records.
  std::string refusal(const std::string& record, const Changes& changes) {
    const std::string path = scratch_.path("net.pt2");
    write_archive(path, [&](const PutRecord& put) {
      write_pt2(network(), {}, [&](const std::string& name, std::string_view bytes) {
        std::string text(bytes);
        for (const auto& [from, to] : name == record ? changes : Changes()) {
          const size_t at = text.find(from);
          EXPECT_NE(at, text.npos) << from << " in " << text;
          text.replace(at, from.size(), to);
        }
        put(name, text);
      });
    });
    try {
      verify(read_pt2(ArchiveReader(path)), path);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string in_graph(const std::string& from, const std::string& to) {
    return refusal(kGraph, {{from, to}});
  }
  std::string in_weights(const std::string& from, const std::string& to) {
    return refusal(kWeights, {{from, to}});
  }

  Scratch scratch_;
};

TEST_F(Pt2Faults, NothingIsSaidOfAGraphThatIsRight) {
  EXPECT_EQ(in_graph("\"nodes\"", "\"nodes\""), "");
}

TEST_F(Pt2Faults, ASchemaOfAnotherMajorVersion) {
  EXPECT_THAT(in_graph("\"major\":8", "\"major\":9"),
              AllOf(HasSubstr("schema version 9."), HasSubstr("expected 8.x")));
}

TEST_F(Pt2Faults, AnOperatorOffTheList) {
  EXPECT_THAT(in_graph("torch.ops.aten.linear", "torch.ops.aten.from_file"),
              AllOf(HasSubstr("node 0 (torch.ops.aten.from_file.default)"),
                    HasSubstr("not on the list of operators that maas runs")));
  EXPECT_THAT(in_graph("torch.ops.aten.linear", "torch.ops.mine.linear"),
              AllOf(HasSubstr("'mine::linear' is not on the list"),
                    HasSubstr("run_decompositions({torch.ops.mine.linear: function})")));
}

TEST_F(Pt2Faults, ARemedyIsOneThatApplies) {
  const std::string advice = "with ep.run_decompositions()";
  EXPECT_THAT(in_graph("torch.ops.aten.linear", "torch.ops.aten.from_file"), HasSubstr(advice));
  EXPECT_THAT(refusal(kGraph, {{"torch.ops.aten.linear", "torch.ops.aten.from_file"},
                               {"\"TRAINING\"", "\"ATEN\""}}),
              AllOf(HasSubstr("decomposed already"), Not(HasSubstr(advice))));
  EXPECT_THAT(in_graph("torch.ops.aten.linear.default", "torch.ops.higher_order.while_loop"),
              AllOf(HasSubstr("'while_loop', a loop whose length the data decides"),
                    HasSubstr("a fixed number of steps")));
}

TEST_F(Pt2Faults, APackageOfCompiledCode) {
  const std::string path = scratch_.path("net.pt2");
  write_archive(path, [&](const PutRecord& put) { put("data/aotinductor/model/model.so", "ELF"); });
  EXPECT_THROW(
      {
        try {
          read_pt2(ArchiveReader(path));
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("AOTInductor"));
          throw;
        }
      },
      Error);
}

TEST_F(Pt2Faults, ANumberThatIsNoElementType) {
  EXPECT_THAT(in_graph("\"as_scalar_type\":8", "\"as_scalar_type\":99"),
              HasSubstr("element type number 99"));
  EXPECT_THAT(in_graph("{\"dtype\":7", "{\"dtype\":-1"), HasSubstr("element type number -1"));
  EXPECT_THAT(in_graph("{\"dtype\":7", "{\"dtype\":29"), HasSubstr("element type float8_e4m3fn"));
}

TEST_F(Pt2Faults, AnArgumentThatIsACustomObject) {
  EXPECT_THAT(in_graph("\"as_bool\":true", "\"as_custom_obj\":{\"name\":\"o\"}"),
              HasSubstr("an argument of kind 'as_custom_obj'"));
}

TEST_F(Pt2Faults, ANameThatIsDescribedTwice) {
  EXPECT_THAT(in_graph("\"tensor_values\":{", "\"tensor_values\":{\"x\":{},"), HasSubstr("'x'"));
}

TEST_F(Pt2Faults, AValueWithoutADescription) {
  EXPECT_THAT(in_graph("\"tensor_values\":{\"", "\"tensor_values\":{\"_"),
              HasSubstr("has no description"));
}

TEST_F(Pt2Faults, AMemberThatIsMissing) {
  EXPECT_THAT(in_graph("\"nodes\":", "\"knots\":"), HasSubstr("'nodes'"));
}

TEST_F(Pt2Faults, AWeightThatIsAPickleOrAnObject) {
  EXPECT_THAT(in_weights("\"use_pickle\":false", "\"use_pickle\":true"),
              AllOf(HasSubstr("a pickled weight"), HasSubstr("can run code")));
  EXPECT_THAT(in_weights("\"tensor_meta\"", "\"no_meta\""), HasSubstr("a custom object"));
}

TEST_F(Pt2Faults, AWeightThatReachesPastItsBytes) {
  EXPECT_THAT(in_weights("{\"as_int\":4}", "{\"as_int\":5}"),
              AllOf(HasSubstr("48 bytes"), HasSubstr("data/weights/weight_")));
  EXPECT_THAT(in_weights("{\"as_int\":4}", "{\"as_int\":4611686018427387904}"),
              HasSubstr("whose product fits"));
  EXPECT_THAT(in_weights("{\"as_int\":4}", "{\"as_int\":-4}"), HasSubstr("at least 0"));
}

// Stride 0 makes a terabyte of four bytes.
TEST_F(Pt2Faults, AWeightThatIsExpandedBeyondMemory) {
  const std::string said = refusal(kWeights, {{"[{\"as_int\":3}]", "[{\"as_int\":274877906944}]"},
                                              {"[{\"as_int\":1}]", "[{\"as_int\":0}]"}});
  EXPECT_THAT(said, HasSubstr("f32[274877906944] in 12 bytes; expected at most 67108864 bytes"));
}

TEST_F(Pt2Faults, AWeightThatIsNotThere) {
  EXPECT_THAT(in_weights("\"fc.bias\"", "\"fc.bios\""), HasSubstr("no weight for 'fc.bias'"));
}

TEST_F(Pt2Faults, TextThatIsNoGraph) {
  for (const char* text : {"", "{", "[]", "{}", "null", "{\"schema_version\":{}}"}) {
    const std::string path = scratch_.path("net.pt2");
    write_archive(path, [&](const PutRecord& put) { put(kGraph, text); });
    try {
      read_pt2(ArchiveReader(path));
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(kGraph)) << text;
    }
  }
}

}  // namespace
}  // namespace maas
