#include "sample/written_form.h"

#include <gmock/gmock.h>

namespace maas {
namespace {

// Of a table with ';', decimal commas and the columns 'area' and 'town', in UTF-8.
InputSpec german() {
  InputSpec spec;
  spec.kind = InputKind::kTable;
  spec.columns = {{.name = "area", .categories = {}},
                  {.name = "town", .type = ColumnType::kCategorical, .categories = {"Bonn"}}};
  spec.format = {.delimiter = ";", .decimal = ",", .thousands = "."};
  return spec;
}

TEST(WrittenForm, IsThatOfTrainingWhereTheHeaderSaysSoOrNothing) {
  for (const char* text : {"area;town\n0,5;Bonn\n", "town;area\n", "0.5,Bonn\n", "area,city\n1,x\n",
                           "", "area,\"town\n"}) {
    EXPECT_EQ(other_form(text, german()), std::nullopt) << text;
  }
}

TEST(WrittenForm, IsFoundByTheDelimiterThatMakesTheHeaderTheModels) {
  const auto form = other_form("town,area\nBonn,1200.5\nBonn,3\n", german());
  ASSERT_TRUE(form);
  EXPECT_EQ(*form, TableFormat{});
  EXPECT_EQ(
      tell_other_form(*form, german().format),
      "it is read with ',' between cells and with '.' before decimals and with nothing between "
      "thousands, unlike the training data");
  const auto quoted = other_form("town,area\nBonn,\"1.200,5\"\n", german());
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->decimal, ",");
  EXPECT_EQ(quoted->thousands, ".");
  EXPECT_EQ(other_form("\xef\xbb\xbfid\ttown\tarea\r\n", german())->delimiter, "\t");
  // A fault in a row is told when the row is read.
  EXPECT_EQ(other_form("town,area\nBonn\n", german())->delimiter, ",");
}

TEST(WrittenForm, IsFoundByBytesThatAreNoUtf8OrAre) {
  InputSpec spec = german();
  const auto form = other_form("area;town\n0,5;K\xf6ln\n", spec);
  ASSERT_TRUE(form);
  EXPECT_EQ(form->encoding, "latin-1");
  EXPECT_EQ(form->decimal, ",");
  EXPECT_EQ(tell_other_form(*form, spec.format), "it is read as latin-1, unlike the training data");
  EXPECT_EQ(other_form("area;town\n5;\x80\n", spec)->encoding, "windows-1252");
  // One damaged byte is an error when it is read, not another encoding.
  EXPECT_EQ(other_form("area;town\n5;K\xc3\xb6ln\n5;K\xb6ln\n", spec), std::nullopt);
  spec.format.encoding = "latin-1";
  EXPECT_EQ(other_form("area;town\n5;K\xc3\xb6ln\n", spec)->encoding, "utf-8");
  EXPECT_EQ(other_form("area;town\n5;K\xf6ln\n", spec), std::nullopt);
  EXPECT_EQ(other_form("area;town\n5;Bonn\n", spec), std::nullopt);
}

}  // namespace
}  // namespace maas
