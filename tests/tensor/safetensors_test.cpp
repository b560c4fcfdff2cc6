#include "tensor/safetensors.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string sized(uint64_t size) { return {reinterpret_cast<const char*>(&size), sizeof(size)}; }

class Safetensors : public testing::Test {
 protected:
  std::string refusal_of_bytes(const std::string& bytes) {
    return error_of([&] { read_safetensors(scratch_.write("w.safetensors", bytes)); });
  }
  // A right header size, this header, `data` zero bytes.
  std::string refusal(const std::string& header, size_t data = 0) {
    return refusal_of_bytes(sized(header.size()) + header + std::string(data, '\0'));
  }
  Scratch scratch_;
};

TEST_F(Safetensors, ReadsWhatItWrites) {
  const TensorMap tensors = {{"a.flag", at::ones({3}, at::kBool)},
                             {"b.wide", at::arange(4, at::kDouble).view({2, 2})},
                             {"c.none", at::ones({0, 5})},
                             {"d.scalar", at::ones({}, at::kBFloat16)}};
  const std::string path = scratch_.path("w.safetensors");
  write_safetensors(path, tensors);
  const TensorMap again = read_safetensors(path);
  ASSERT_EQ(again.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    EXPECT_EQ(again.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(again.at(name).equal(tensor)) << name;
  }
}

TEST_F(Safetensors, RefusesHeaderSizesThatCannotBe) {
  EXPECT_THAT(refusal_of_bytes("1234567"), HasSubstr("7 bytes; expected at least 8"));
  EXPECT_THAT(refusal_of_bytes(sized(0)), HasSubstr("w.safetensors: header: no bytes"));
  EXPECT_THAT(refusal_of_bytes(sized(uint64_t{1} << 63) + "{}"),
              HasSubstr("a header of 9223372036854775808 bytes in a file of 10"));
  EXPECT_THAT(refusal_of_bytes(sized(3) + "{}"), HasSubstr("a header of 3 bytes"));
  const std::string path = scratch_.write("w.safetensors", sized(100'000'001) + "{");
  std::filesystem::resize_file(path, 100'000'100);  // sparse
  EXPECT_THAT(error_of([&] { read_safetensors(path); }),
              AllOf(HasSubstr("a header of 100000001 bytes"), HasSubstr("at most 100000000")));
}

TEST_F(Safetensors, RefusesAHeaderThatIsNoObject) {
  EXPECT_THAT(refusal("[]"), HasSubstr("header: starts with \"[\"; expected {"));
  EXPECT_THAT(refusal(" {}"), HasSubstr("header: starts with \" \""));
  EXPECT_THAT(refusal("{"), HasSubstr("header: is not JSON"));
  EXPECT_THAT(refusal("{} x"), HasSubstr("header: is not JSON"));
  EXPECT_THAT(refusal("{\"\xff\": 1}"),
              AllOf(HasSubstr("header: is not JSON"), HasSubstr("UTF-8")));
  EXPECT_THAT(refusal("{\"a\":" + std::string(65, '[') + std::string(65, ']') + "}"),
              HasSubstr("header: is not JSON"));
}

TEST_F(Safetensors, RefusesAMillionTensors) {
  std::string header = "{";
  for (int i = 0; i < 1'000'000; ++i) header += "\"" + std::to_string(i) + "\":0,";
  header.back() = '}';
  EXPECT_THAT(refusal(header), HasSubstr("header: 1000000 tensors; expected at most 100000"));
}

TEST_F(Safetensors, RefusesTwoTensorsOfOneName) {
  const std::string one = R"("w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(refusal("{" + one + "," + one + "}", 2),
              HasSubstr("header: two members named 'w'; expected one"));
}

TEST_F(Safetensors, NamesTheTensorThatLacksAField) {
  EXPECT_THAT(refusal(R"({"w":{"dtype":"U8","shape":[1]}})", 1),
              HasSubstr("tensor 'w': member 'data_offsets' is missing"));
  EXPECT_THAT(refusal(R"({"w":[1]})"), HasSubstr("tensor 'w': member 'dtype' is missing"));
  EXPECT_THAT(refusal(R"({"w":{"dtype":7,"shape":[1],"data_offsets":[0,1]}})", 1),
              HasSubstr("tensor 'w': a string was expected: 7"));
}

TEST_F(Safetensors, RefusesAnUnknownDtype) {
  EXPECT_THAT(refusal(R"({"w":{"dtype":"C32","shape":[1],"data_offsets":[0,4]}})", 4),
              HasSubstr("tensor 'w': dtype 'C32'"));
}

TEST_F(Safetensors, RefusesOffsetsThatDoNotFit) {
  const auto with = [&](const std::string& offsets, size_t data) {
    return refusal(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":)" + offsets + "}}", data);
  };
  EXPECT_THAT(with("[8,0]", 8), HasSubstr("tensor 'w': data_offsets [8,0]; expected [begin, end]"));
  EXPECT_THAT(with("[-8,0]", 8), HasSubstr("tensor 'w': data_offsets [-8,0]"));
  EXPECT_THAT(with("[0]", 8), HasSubstr("tensor 'w': data_offsets [0]"));
  EXPECT_THAT(with("[0,18446744073709551615]", 8),
              HasSubstr("tensor 'w': an integer was expected: 18446744073709551615"));
  EXPECT_THAT(with("[0,8]", 7), HasSubstr("tensor 'w': data_offsets [0, 8] reach past the file"));
  EXPECT_THAT(with("[0,8]", 9), HasSubstr("w.safetensors: 9 bytes of data; expected 8"));
  EXPECT_THAT(with("[0,4]", 4), HasSubstr("tensor 'w': 4 bytes for shape [2]; expected 8"));
  EXPECT_THAT(with("[4,12]", 12), HasSubstr("tensor 'w': data_offsets [4, 12] leave a hole"));
  EXPECT_THAT(with("[2,10]", 10),
              HasSubstr("tensor 'w': data_offsets [2,10]; expected a start at a multiple of 4"));
}

TEST_F(Safetensors, RefusesTensorsThatOverlap) {
  EXPECT_THAT(refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                      R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                      6),
              HasSubstr("tensor 'b': data_offsets [2, 6] overlap another tensor's; expected a "
                        "start at 4"));
}

TEST_F(Safetensors, RefusesShapesWhoseProductOverflows) {
  const auto with = [&](const std::string& shape, size_t data) {
    return refusal(R"({"w":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,)" +
                       std::to_string(data) + "]}}",
                   data);
  };
  // 4194305^3 * 4 wraps to a small number in 64 bits.
  EXPECT_THAT(with("[4194305,4194305,4194305]", 4), HasSubstr("tensor 'w': 4 bytes for shape"));
  EXPECT_THAT(with("[4611686018427387904,4]", 0), HasSubstr("whose product fits 63 bits"));
  EXPECT_THAT(with("[0,4611686018427387904,4611686018427387904]", 0),
              HasSubstr("whose product fits 63 bits"));
  EXPECT_THAT(with("[-1]", 4), HasSubstr("sizes of at least 0"));
  EXPECT_THAT(with("[1.5]", 4), HasSubstr("tensor 'w': an integer was expected: 1.5"));
  std::string deep = "[1";
  for (int i = 0; i < 64; ++i) deep += ",1";
  EXPECT_THAT(with(deep + "]", 4), HasSubstr("more than 64 dimensions"));
}

TEST_F(Safetensors, RefusesMetadataThatAreNoStrings) {
  EXPECT_THAT(refusal(R"({"__metadata__":{"a":1}})"),
              HasSubstr("__metadata__: a string was expected: 1"));
}

}  // namespace
}  // namespace maas
