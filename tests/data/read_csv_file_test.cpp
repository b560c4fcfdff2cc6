#include "data/read_csv_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <cmath>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

// What the file holds, read at once.
std::string told(const std::string& path) {
  const CsvGrid grid = read_csv_file(path, {}, {});
  std::string all = fmt::format("{}\n", fmt::join(grid.header(), "|"));
  const RowLines lines = grid.lines();
  for (int64_t row = 0; row < grid.rows(); ++row) {
    all += fmt::format("{}:", lines[row]);
    for (int64_t c = 0; c < static_cast<int64_t>(grid.header().size()); ++c) {
      const Cell cell = grid.cell(row, c);
      all += fmt::format("{}@{}|", cell.view(), grid.cell_place(row, c).substr(path.size()));
    }
    all += '\n';
  }
  return all;
}

TEST(ReadCsvFile, GivesCellsLinesAndPlacesAsTheyStand) {
  const Scratch scratch;
  const std::string path =
      scratch.write("a.csv",
                    "\xef\xbb\xbf"
                    "x,name,n\n1.50,\"a,\"\"b\"\"\",3\n\n-2, c ,4\n3,\"d\ne\",5\r\n"
                    "4.25,f,6");
  EXPECT_EQ(told(path),
            "x|name|n\n"
            "2:1.50@:2:1|a,\"b\"@:2:6|3@:2:16|\n"
            "4:-2@:4:1|c@:4:4|4@:4:8|\n"
            "5:3@:5:1|d\ne@:5:3|5@:6:4|\n"
            "7:4.25@:7:1|f@:7:6|6@:7:8|\n");
}

// Several pieces of 1 MiB, that several threads read.
std::string long_text(int64_t rows) {
  std::string text = "id,x,word\n";
  for (int64_t row = 0; row < rows; ++row) {
    text += fmt::format("{},{}.{:03},{}\n", row, row % 7, row % 1000,
                        row % 10 == 0 ? "\"a \"\"b\"\"\"" : "c");
  }
  return text;
}

TEST(ReadCsvFile, PutsThePiecesOfALongFileTogetherInOrder) {
  const Scratch scratch;
  constexpr int64_t kRows = 400'000;
  const std::string path = scratch.write("a.csv", long_text(kRows));
  CsvGrid grid = read_csv_file(path, {}, {.texts = {"id"}});
  ASSERT_EQ(grid.rows(), kRows);
  grid.select_all();
  std::vector<double> x(kRows);
  grid.numbers(1, 0, x);
  const RowLines lines = grid.lines();
  for (int64_t row = 0; row < kRows; ++row) {
    ASSERT_EQ(grid.text(row, 0), fmt::format("{}", row));
    ASSERT_EQ(lines[row], row + 2);
    ASSERT_DOUBLE_EQ(x[static_cast<size_t>(row)],
                     static_cast<double>(row % 7) + static_cast<double>(row % 1000) / 1000);
  }
  const Cell quoted = grid.at(300'000, 2);
  EXPECT_EQ(quoted.view(), "a \"b\"");
  EXPECT_THAT(grid.place(300'001, 2), HasSubstr(":300003:14"));
  grid.keep_rows([](int64_t row) { return row % 2 == 1; });
  ASSERT_EQ(grid.rows(), kRows / 2);
  EXPECT_EQ(grid.text(100'000, 0), "200001");
  std::vector<double> some(3);
  grid.numbers(0, 100'000, some);
  EXPECT_TRUE(std::isnan(some[2]));  // text was to stay
}

TEST(ReadCsvFile, TellsTheFirstOfSeveralFaults) {
  const Scratch scratch;
  std::string text = long_text(200'000);
  text += "1,2\n";
  text += long_text(100'000) + "3,4,5,6\n";
  const std::string path = scratch.write("a.csv", text);
  EXPECT_THAT(error_of([&] { read_csv_file(path, {}, {}); }),
              HasSubstr("a.csv:200002: 2 values; expected 3, as in the first row (line 1)"));
}

TEST(ReadCsvFile, ReadsGzippedFilesAndRefusesWhatFollowsThem) {
  const Scratch scratch;
  const std::string path = scratch.write("a.csv.gz", "");
  gzFile file = gzopen(path.c_str(), "wb");
  const std::string text = long_text(100'000);
  ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())),
            static_cast<int>(text.size()));
  gzclose(file);
  EXPECT_EQ(read_csv_file(path, {}, {}).rows(), 100'000);
  const std::string bytes = scratch.read("a.csv.gz");
  const std::string more = scratch.write("b.csv.gz", bytes + "1,2,3\n");
  EXPECT_THAT(error_of([&] { read_csv_file(more, {}, {}); }), HasSubstr("follow the gzip stream"));
  const std::string cut = scratch.write("c.csv.gz", bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(error_of([&] { read_csv_file(cut, {}, {}); }), HasSubstr("c.csv.gz"));
}

TEST(ReadCsvFile, RefusesAFileWithoutRows) {
  const Scratch scratch;
  for (const char* text : {"", "\n\n"}) {
    const std::string path = scratch.write("a.csv", text);
    EXPECT_THAT(error_of([&] { read_csv_file(path, {}, {}); }), HasSubstr("holds no row"));
  }
}

}  // namespace
}  // namespace maas
