#include "sample/csv_stream.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "sample/table_stream.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

CsvStream stream_of(const std::string& text, size_t piece, size_t most_row = 1000) {
  auto at = std::make_shared<size_t>(0);
  return CsvStream(
      [text, at](char* to, size_t size) {
        const size_t count = std::min(size, text.size() - *at);
        std::memcpy(to, text.data() + *at, count);
        *at += count;
        return count;
      },
      "in.csv", {}, {.piece_bytes = piece, .most_row_bytes = most_row});
}

struct Row {
  std::vector<std::string> cells;
  int64_t line;
  bool operator==(const Row&) const = default;
};

void add_rows(const CsvTable& table, std::vector<Row>& rows) {
  for (int64_t row = 0; row < table.rows(); ++row) {
    rows.push_back({{}, table.line(row)});
    for (int64_t c = 0; c < table.columns(); ++c) rows.back().cells.emplace_back(table.at(row, c));
  }
}

std::vector<Row> in_pieces(const std::string& text, size_t piece) {
  std::vector<Row> rows;
  CsvStream stream = stream_of(text, piece);
  while (const auto table = stream.next()) add_rows(*table, rows);
  return rows;
}

const char* const kOdd =
    "\xef\xbb\xbf"
    "a,b\r\n1,\"x\r\n,y\"\n\n\"q\"\"\n\",2\r3,\"\"\r\n4,a\"b\n\r\n5, \"c\"\n\"\"\"\",7";

TEST(CsvStream, GivesTheSameRowsAndLinesHoweverSmallThePieces) {
  std::vector<Row> whole;
  add_rows(parse_csv(kOdd, "in.csv", ','), whole);
  ASSERT_EQ(whole.size(), 7U);
  for (size_t piece = 1; piece <= std::strlen(kOdd) + 1; ++piece) {
    EXPECT_EQ(in_pieces(kOdd, piece), whole) << piece;
  }
  EXPECT_TRUE(in_pieces("", 3).empty());
  EXPECT_TRUE(in_pieces("\n\r\n", 1).empty());
}

TEST(CsvStream, NamesPlacesAsInTheWholeFile) {
  for (const size_t piece : {size_t{2}, size_t{100}}) {
    const auto message = [&](const std::string& text) {
      return error_of([&] { in_pieces(text, piece); });
    };
    EXPECT_THAT(message("a,b\n1,2\n\n3\n"), HasSubstr("in.csv:4: 1 values"));
    EXPECT_THAT(message("a,b\n1,2\n\n3\n"), HasSubstr("2, as in the first row (line 1)"));
    EXPECT_THAT(message("a,b\n1,2\n3,\"4"), HasSubstr("in.csv:3:3: this quote is never closed"));
    EXPECT_THAT(message(std::string("a,b\n1,2\n3,\0x\n", 13)), HasSubstr("byte 10"));
    EXPECT_THAT(message("a,b\n1,2\n3,\xff\n"), HasSubstr("not UTF-8 at byte 10"));
  }
}

TEST(CsvStream, RefusesARowThatFillsTheMemory) {
  const std::string row(5000, 'x');
  CsvStream stream = stream_of("a\n" + row, 100, 1000);
  EXPECT_EQ(stream.next()->rows(), 1);
  EXPECT_THAT(error_of([&] { stream.next(); }),
              testing::AllOf(HasSubstr("in.csv:2"), HasSubstr("more than 1000 bytes")));
  EXPECT_THAT(error_of([&] { stream_of("\"a\n" + row, 100, 1000).next(); }),
              HasSubstr("in.csv:1:1: this quote is never closed"));
}

TEST(TableStream, ReadsTheModelsColumnsPieceByPiece) {
  InputSpec spec;
  spec.kind = InputKind::kTable;
  spec.columns = {
      {.name = "size", .categories = {}},
      {.name = "colour", .type = ColumnType::kCategorical, .categories = {"blue", "red"}}};
  for (const char* head : {"id,colour,size\n", "\nid,colour,size\n"}) {
    std::string text = head;
    for (int i = 0; i < 50; ++i) {
      text += std::to_string(i) +
              (i % 2                ? ",red,"
               : i == 30 || i == 40 ? ",pink,"
                                    : ",blue,") +
              std::to_string(2 * i) + "\n";
    }
    TableStream stream(stream_of(text, 16), "in.csv", spec);
    int64_t row = 0;
    while (const auto piece = stream.next()) {
      EXPECT_EQ(piece->first_row, row);
      for (int64_t i = 0; i < piece->grid.rows(); ++i, ++row) {
        const Cell id = piece->grid.cell(i, piece->grid.find("id"));
        EXPECT_EQ(id.view(), std::to_string(row));
        EXPECT_EQ(piece->inputs[0].const_data_ptr<float>()[i], static_cast<float>(2 * row));
      }
    }
    EXPECT_EQ(row, 50);
    ASSERT_EQ(stream.warnings().size(), 1U);
    EXPECT_THAT(stream.warnings()[0],
                testing::AllOf(HasSubstr("in.csv: column 'colour': 2 values of categories"),
                               HasSubstr("'pink'")));
  }
}

TEST(TableStream, NamesEveryColumnThatIsAbsent) {
  InputSpec spec;
  spec.kind = InputKind::kTable;
  for (const char* name : {"size", "weight", "age"}) {
    spec.columns.push_back({.name = name, .categories = {}});
  }
  const auto message = [&](const std::string& text) {
    return error_of([&] { TableStream(stream_of(text, 100), "in.csv", spec).next(); });
  };
  EXPECT_THAT(message("id,age,x,y\n1,2,3,4\n"),
              HasSubstr("in.csv: 2 of 3 columns are absent: size, weight"));
  EXPECT_THAT(message("size,weight,agee\n1,2,3\n"), HasSubstr("did you mean 'age"));
  EXPECT_THAT(message("size,weight,age\n"), HasSubstr("0 rows after the header"));
  EXPECT_THAT(message(""), HasSubstr("holds no row"));
}

}  // namespace
}  // namespace maas
