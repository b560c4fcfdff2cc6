// Any bytes as CSV, and as JSON, for a table model: tensors or an Error, nothing else.
#include "base/error.h"
#include "sample/date_time.h"
#include "sample/raw_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const maas::InputSpec spec = [] {
    maas::InputSpec made;
    made.kind = maas::InputKind::kTable;
    made.missing = "mean";
    made.columns = {{.name = "a", .categories = {}},
                    {.name = "b", .type = ColumnType::kCategorical, .categories = {"x", "y"}},
                    {.name = "c", .categories = {}, .sign = "$"},
                    {.name = "d",
                     .categories = {},
                     .date = maas::DateOrder::kYearFirst,
                     .date_parts = {{"year"}, {"days"}}}};
    return made;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto order :
       {maas::DateOrder::kYearFirst, maas::DateOrder::kDayFirst, maas::DateOrder::kMonthFirst}) {
    maas::parse_date(text, order);
  }
  for (const auto decode : {maas::decode_csv, maas::decode_json}) {
    try {
      decode(text, "fuzz", spec, nullptr);
    } catch (const maas::Error&) {
    }
  }
  return 0;
}
