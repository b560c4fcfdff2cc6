#include <ATen/ops/allclose.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "call/builder.h"
#include "call/verify.h"
#include "program/emit.h"
#include "pt2/plain_argument.h"
#include "pt2/read.h"
#include "pt2/write.h"
#include "tensor/archive.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

class Pt2 : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("maas-pt2-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    path_ = folder_ / "net.pt2";
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Program network() {
    GraphBuilder g("test", 1);
    Handle x = g.input("image", {3, 8, 8}, at::kFloat);
    x = g.relu(g.batch_norm("bn", g.conv2d("conv", x, 4, 3, {.padding = 1, .bias = false})));
    x = g.dropout(g.flatten(g.global_avg_pool(x)), 0.5);
    return g.finish({{"logits", g.linear("fc", x, 10)}});
  }
  void write(const Program& program) {
    write_archive(path_, [&](const PutRecord& put) { write_pt2(program, {{"note", "hi"}}, put); });
  }
  std::string message_of_reading() {
    try {
      verify(read_pt2(ArchiveReader(path_)), path_.string());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_, path_;
};

TEST_F(Pt2, ReadsBackTheGraphThatWasWritten) {
  const Program program = network();
  write(program);
  const Program again = read_pt2(ArchiveReader(path_));
  EXPECT_NO_THROW(verify(again, "net.pt2"));
  EXPECT_EQ(to_text(again), to_text(program));
  EXPECT_TRUE(again.parameters.at("conv.weight").equal(program.parameters.at("conv.weight")));
  EXPECT_TRUE(again.buffers.at("bn.running_var").equal(program.buffers.at("bn.running_var")));
}

TEST_F(Pt2, WritesTheSameBytesForTheSameProgram) {
  write(network());
  const std::string first = sha256_hex_of_file(path_);
  write(network());
  EXPECT_EQ(sha256_hex_of_file(path_), first);
}

TEST_F(Pt2, WritesTheSameBytesForWhatItHasRead) {
  Program program = network();
  program.size_rules = {"(Mod(s0, 2)) == 0", "s0 != 6 or s0 > CeilToInt(IntTrueDiv(s0, 2))"};
  write(program);
  const std::string first = sha256_hex_of_file(path_);
  const std::string graph(ArchiveReader(path_).record("models/model.json"));
  const Program again = read_pt2(ArchiveReader(path_));
  EXPECT_EQ(again.size_rules.size(), 2U);
  EXPECT_EQ(again.unread_guards.size(), 0U);
  write(again);
  EXPECT_EQ(ArchiveReader(path_).record("models/model.json"), graph);
  EXPECT_EQ(sha256_hex_of_file(path_), first);
}

// As torch.fft.fft2(x).real is exported.
TEST_F(Pt2, HasComplexNumbersInsideAndRealOnesAtItsEnds) {
  GraphBuilder g("spectrum", 1);
  const Handle x = g.input("x", {4, 8}, at::kFloat);
  const Handle spectrum = g.call("aten::fft_fft2", {{"self", ValueRef{x.id}}});
  write(g.finish({{"y", g.call("aten::real", {{"self", ValueRef{spectrum.id}}})}}));
  EXPECT_EQ(message_of_reading(), "");
  GraphBuilder other("spectrum", 1);
  const Handle z = other.input("x", {4, 8}, at::kFloat);
  write(other.finish({{"y", other.call("aten::fft_fft2", {{"self", ValueRef{z.id}}})}}));
  EXPECT_THAT(message_of_reading(),
              AllOf(HasSubstr("output 0"), HasSubstr("is complex, c64[s0, 4, 8]"),
                    HasSubstr("torch.view_as_real(y)")));
}

TEST_F(Pt2, AlignsWeightsToSixtyFourBytes) {
  write(network());
  const ArchiveReader archive(path_);
  const std::string_view weight = archive.record("data/weights/weight_0");
  EXPECT_EQ((weight.data() - archive.file()->data()) % 64, 0);
}

TEST_F(Pt2, RefusesATruncatedFile) {
  write(network());
  fs::resize_file(path_, fs::file_size(path_) / 2);
  EXPECT_THAT(message_of_reading(), HasSubstr("no end of central directory"));
}

TEST_F(Pt2, NamesTheRecordWithAFlippedBit) {
  write(network());
  std::string bytes = read_file(path_);
  const ArchiveReader archive(path_);
  const std::string_view weight = archive.record("data/weights/weight_4");
  bytes[static_cast<size_t>(weight.data() - archive.file()->data()) + 5] ^= 1;
  write_file_atomically(path_, bytes);
  EXPECT_THAT(message_of_reading(), HasSubstr("record 'data/weights/weight_4' has CRC-32"));
}

TEST_F(Pt2, RefusesAPickle) {
  write_archive(path_, [](const PutRecord& put) { put("data.pkl", "\x80\x02}."); });
  EXPECT_THAT(message_of_reading(), HasSubstr("pickles and TorchScript can run code"));
}

TEST_F(Pt2, RefusesWhatIsNoArchive) {
  write_file_atomically(path_, "hello");
  EXPECT_THAT(message_of_reading(), HasSubstr("found 5 bytes; expected a zip archive"));
}

TEST(ByName, AreArgumentsThatPythonTakesOnlySoAndThoseBehindAGap) {
  const auto of = [](const std::string& op, const std::vector<Operand>& operands) {
    return given_by_name(make_node(op, operands));
  };
  const std::vector<bool> none = {false, false}, last = {false, true};
  EXPECT_EQ(of("aten::mul.Tensor", {{"self", None{}}, {"other", None{}}}), none);
  EXPECT_EQ(of("aten::arange", {{"end", int64_t{3}}, {"dtype", at::kLong}}), last);
  EXPECT_EQ(of("aten::sum.dim_IntList", {{"self", None{}}, {"keepdim", true}}), last);
}

}  // namespace
}  // namespace maas
