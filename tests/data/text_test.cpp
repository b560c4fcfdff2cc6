// Columns and files of text.
#include <ATen/ops/arange.h>
#include <ATen/ops/count_nonzero.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "data/batches.h"
#include "data/open_data.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

// 30 different sentences of five words, a number, and a label.
std::string sentences() {
  std::string text = "review,stars,kind\n";
  for (int i = 0; i < 30; ++i) {
    text += fmt::format("word{} is a {} one,{},{}\n", i, i % 2 ? "good" : "bad", i % 5,
                        i % 2 ? "yes" : "no");
  }
  return text;
}

DataConfig table_config(const Scratch& scratch, const std::string& text) {
  DataConfig config;
  config.type = "csv";
  config.train.path.path = scratch.write("a.csv", text);
  config.label = "kind";
  return config;
}

TEST(TextColumn, IsToldByItsSentences) {
  const Scratch scratch;
  const DataSplits splits = open_data(table_config(scratch, sentences()), 1);
  const InputSpec& input = splits.spec.input;
  ASSERT_EQ(input.columns.size(), 2);
  EXPECT_TRUE(input.columns[0].is_text());
  EXPECT_FALSE(input.columns[1].is_text());
  EXPECT_EQ(input.text.buckets, 65536);
  EXPECT_EQ(input.text.pieces % 32, 0);
  EXPECT_THAT(splits.warnings, Contains(AllOf(HasSubstr("column 'review' is read as text"),
                                              HasSubstr("data.columns.review: text, "))));
  const Batch batch = splits.train->rows(at::arange(30, at::kLong));
  ASSERT_EQ(batch.inputs.size(), 2);
  EXPECT_EQ(batch.inputs[1].sizes(), (at::IntArrayRef{30, input.text.pieces}));
  EXPECT_EQ(batch.inputs[1].scalar_type(), at::kLong);
  EXPECT_EQ(splits.train->name_of(1), "a.csv:3");
  EXPECT_EQ(splits.train->text_of(1), "word1 is a good one");
}

TEST(TextColumn, MayBeSaidToBeOneOrToBeNone) {
  const Scratch scratch;
  DataConfig config = table_config(scratch, "a,kind\nx,yes\ny,no\n");
  EXPECT_FALSE(open_data(config, 1).spec.input.has_text());
  config.columns = {{"a", "text"}};
  EXPECT_TRUE(open_data(config, 1).spec.input.is_one_text());
  DataConfig other = table_config(scratch, sentences());
  other.columns = {{"review", "categorical"}};
  EXPECT_FALSE(open_data(other, 1).spec.input.has_text());
}

TEST(TextColumn, WithoutWordsIsMissing) {
  const Scratch scratch;
  DataConfig config = table_config(scratch, "a,kind\n  ,yes\nNone,no\nwell then,no\n");
  config.columns = {{"a", "text"}};
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              AllOf(HasSubstr("a.csv:2:1: the value of column 'a' is missing"),
                    HasSubstr("data.missing: mean")));
  config.missing = "mean";
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.train->missing().at(0).count, 1);  // "None" is a word
  const at::Tensor pieces = splits.train->rows(at::arange(3, at::kLong)).inputs[0];
  EXPECT_EQ(pieces[0].count_nonzero().item<int64_t>(), 0);
  EXPECT_GT(pieces[1].count_nonzero().item<int64_t>(), 0);
}

TEST(TextColumn, LongerThanTheModelReadsIsToldWithItsPlace) {
  const Scratch scratch;
  DataConfig config = table_config(scratch, sentences());
  config.text_pieces = 16;
  config.test.path.path = scratch.write(
      "b.csv", "review,stars,kind\nshort,1,no\nas long as it can be and more than that,1,no\n");
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.spec.input.text.pieces, 16);
  EXPECT_THAT(splits.warnings,
              Contains(AllOf(HasSubstr("30 of 30 training rows have more than 16 pieces"),
                             HasSubstr("data.text_pieces"))));
  EXPECT_THAT(splits.warnings,
              Contains(AllOf(HasSubstr("test: the text of 1 row has more than the 16 pieces"),
                             HasSubstr("b.csv:3:1"))));
}

class TextFolder : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(
        std::filesystem::path(scratch.path("texts/" + path)).parent_path());
    scratch.write("texts/" + path, text);
  }
  DataConfig config() const {
    DataConfig made;
    made.type = "texts";
    made.train.path.path = scratch.path("texts");
    return made;
  }
  Scratch scratch;
};

TEST_F(TextFolder, HasAFolderForEachClass) {
  write("ham/a.txt", "see you at lunch");
  write("ham/deep/b.TXT", "the report is done\nthank you");
  write("spam/c.txt", "win a prize now!");
  write("spam/notes.md", "no text");
  const DataSplits splits = open_data(config(), 1);
  EXPECT_EQ(splits.spec.task.labels, (std::vector<std::string>{"ham", "spam"}));
  EXPECT_TRUE(splits.spec.input.is_one_text());
  EXPECT_EQ(splits.spec.input.format, TableFormat());
  EXPECT_EQ(splits.train->size(), 3);
  EXPECT_EQ(splits.train->name_of(1), "ham/deep/b.TXT");
  EXPECT_THAT(splits.warnings,
              Contains(HasSubstr("1 files that are no .txt were left out (first: spam/notes.md)")));
}

TEST_F(TextFolder, ThatHoldsNoneOrAnEmptyOneIsRefused) {
  EXPECT_THAT(error_of([&] { open_data(config(), 1); }), HasSubstr("texts"));
  write("ham/a.md", "x");
  EXPECT_THAT(error_of([&] { open_data(config(), 1); }),
              AllOf(HasSubstr("0 texts of 1 classes"), HasSubstr("*.txt")));
  write("ham/a.txt", " \n");
  write("spam/b.txt", "x");
  EXPECT_THAT(error_of([&] { open_data(config(), 1); }),
              HasSubstr("ham/a.txt: holds no text; expected words"));
  write("ham/a.txt", "caf\xe9");
  EXPECT_THAT(error_of([&] { open_data(config(), 1); }),
              AllOf(HasSubstr("ham/a.txt"), HasSubstr("data.encoding")));
  DataConfig latin = config();
  latin.encoding = "latin-1";
  EXPECT_EQ(open_data(latin, 1).train->size(), 2);
}

}  // namespace
}  // namespace maas
