// Faults M01 to M03, M06 and M09 of model files: cut short, bits flipped, pickles.
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <random>

#include "model/small_model.h"
#include "pt2/write.h"
#include "support/zip_bytes.h"
#include "tensor/archive.h"
#include "tensor/zip_directory.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class DamagedModel : public ModelFile {
 protected:
  void SetUp() override {
    save(small_model());
    whole_ = bytes();
  }
  std::string with_flipped(size_t place, int bit) const {
    std::string changed = whole_;
    changed[place] = static_cast<char>(changed[place] ^ (1 << bit));
    return changed;
  }
  // The records of the file, and where their bytes lie in it.
  std::map<std::string, std::pair<size_t, size_t>> records(bool stored_only = false) const {
    std::map<std::string, std::pair<size_t, size_t>> found;
    for (const ZipEntry& entry : read_zip_directory(whole_, path_)) {
      if (stored_only && !entry.stored) continue;
      found[entry.name.substr(entry.name.find('/') + 1)] = {entry.data, entry.packed};
    }
    return found;
  }
  // Writes a whole file in whose record `from` ("" = all of it) is `to`.
  void rewrite(const std::string& record, const std::string& from, const std::string& to) {
    write_archive(path_, [&](const PutRecord& put) {
      write_pt2(small_program(), {}, [&](const std::string& name, std::string_view bytes) {
        std::string text(bytes);
        if (name == record)
          text.replace(text.find(from), from.empty() ? text.npos : from.size(), to);
        put(name, text);
      });
    });
  }

  static constexpr const char* kWeights = "data/weights/model_weights_config.json";
  std::string whole_;
};

TEST_F(DamagedModel, CutShortAtAnyLengthIsRefused) {
  for (size_t size = 0; size < whole_.size(); size += size < 64 ? 1 : 37) {
    EXPECT_THAT(refusal(whole_.substr(0, size)),
                AllOf(StartsWith(path_ + ": found "), HasSubstr("expected a zip archive"),
                      HasSubstr("fix: the file is damaged or no PT2 archive; restore it")))
        << size;
  }
  EXPECT_THAT(refusal(whole_.substr(0, whole_.size() - 1)), StartsWith(path_));
}

TEST_F(DamagedModel, WithBytesBehindItIsRefused) {
  EXPECT_THAT(refusal(whole_ + "x"),
              AllOf(StartsWith(path_), HasSubstr("1 bytes behind the end record")));
}

TEST_F(DamagedModel, WithAHoleOfZerosIsRefused) {  // a block that the disk lost
  for (const auto& [name, extent] : records()) {
    std::string changed = whole_;
    changed.replace(extent.first, extent.second, std::string(extent.second, '\0'));
    if (changed == whole_) continue;
    EXPECT_THAT(refusal(changed), AllOf(StartsWith(path_), HasSubstr("'" + name + "'")));
  }
}

TEST_F(DamagedModel, NamesTheRecordWithAFlippedBit) {
  std::mt19937 draw(7);
  const auto all = records(true);  // deflate has bits that mean nothing
  EXPECT_GT(all.size(), 8U);
  for (const auto& [name, extent] : all) {
    for (int i = 0; i < 24 && extent.second > 0; ++i) {
      const size_t place = extent.first + draw() % extent.second;
      const int bit = static_cast<int>(draw() % 8);
      EXPECT_THAT(refusal(with_flipped(place, bit)),
                  AllOf(StartsWith(path_ + ": record '" + name + "' has CRC-32 "),
                        HasSubstr("its bytes were changed after it was written")))
          << place << " " << bit;
    }
  }
}

// Names, sizes and check sums are held twice or checked; what is left (times, versions, padding)
// changes the digest and nothing else.
TEST_F(DamagedModel, WithAnyFlippedBitIsRefusedOrTheSame) {
  const at::Tensor x = at::zeros({1, 1, 3, 3}, at::kByte);
  const Model whole = load_model(path_);
  const at::Tensor right = evaluate(whole.program, {x}).at(0).clone();
  std::mt19937 draw(11);
  int refused = 0, harmless = 0;
  for (size_t place = draw() % 5; place < whole_.size(); place += 1 + draw() % 25) {
    scratch_.write("model.pt", with_flipped(place, static_cast<int>(draw() % 8)));
    try {
      const Model model = load_model(path_);
      ++harmless;
      EXPECT_NE(model.digest, whole.digest) << place;
      EXPECT_EQ(manifest_to_json(model.manifest), manifest_to_json(whole.manifest)) << place;
      EXPECT_TRUE(at::equal(evaluate(model.program, {x}).at(0), right)) << place;
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(error.kind(), ErrorKind::kInput) << place << error.what();
      EXPECT_THAT(error.what(), StartsWith(path_)) << place;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(harmless, 0);
}

// What Python would run when it loads this: os.system("...").
std::string pickle(const std::string& command) { return "cos\nsystem\n(S'" + command + "'\ntR."; }

TEST_F(DamagedModel, ThatIsAPickleIsRefusedUnread) {
  const std::string trap = scratch_.path("ran");
  const std::string code = pickle("touch " + trap);
  const std::vector<std::vector<ZipRecord>> archives = {
      {{.name = "net/data.pkl", .bytes = code}, {.name = "net/version", .bytes = "3\n"}},
      {{.name = "net/data.pkl", .bytes = code},
       {.name = "net/constants.pkl", .bytes = code},
       {.name = "net/code/__torch__.py", .bytes = "class Net(Module):\n"}}};
  for (const auto& records : archives) {
    EXPECT_THAT(
        refusal(zip_bytes(records)),
        AllOf(StartsWith(path_ + ": a pickle or TorchScript file"),
              HasSubstr("can run code and are never read"), HasSubstr("torch.export.save(")));
  }
  EXPECT_THAT(refusal(code), AllOf(StartsWith(path_ + ": found "), HasSubstr("a zip archive")));
  EXPECT_FALSE(std::filesystem::exists(trap));
}

TEST_F(DamagedModel, WithAPickledWeightIsRefusedUnread) {
  rewrite(kWeights, "\"use_pickle\":false", "\"use_pickle\":true");
  EXPECT_THAT(error_of([&] { load_model(path_); }),
              AllOf(StartsWith(path_ + ": " + kWeights + ": '"),
                    HasSubstr("a pickled weight; expected plain bytes"),
                    HasSubstr("pickles can run code and are never read")));
}

TEST_F(DamagedModel, ExampleInputsAreNeverRead) {
  rewrite("data/sample_inputs/model.pt", "", pickle("touch " + scratch_.path("ran")));
  EXPECT_NO_THROW(load_model(path_));
  EXPECT_FALSE(std::filesystem::exists(scratch_.path("ran")));
}

TEST_F(DamagedModel, WithoutAWeightIsRefusedByName) {
  rewrite(kWeights, "\"fc.weight\"", "\"fc.weighs\"");
  EXPECT_THAT(error_of([&] { load_model(path_); }),
              AllOf(HasSubstr("fc.weight"), HasSubstr("fix: ")));
  rewrite(kWeights, "\"weight_0\"", "\"weight_9\"");
  EXPECT_THAT(error_of([&] { load_model(path_); }),
              StartsWith(path_ + ": no record 'data/weights/weight_9'"));
}

TEST_F(DamagedModel, WithWeightsOfAnotherShapeIsRefusedAtOnce) {
  Program program = small_program();
  program.parameters.at("fc.weight") = at::zeros({3, 9});
  write_archive(path_, [&](const PutRecord& put) { write_pt2(program, {}, put); });
  EXPECT_THAT(
      error_of([&] { load_model(path_); }),
      AllOf(StartsWith(path_), HasSubstr("fc.weight"), HasSubstr("[3, 9]"), HasSubstr("[3, 8]")));
}

}  // namespace
}  // namespace maas
