#include "serve/example_request.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "serve/requests.h"
#include "serve/sample_models.h"

namespace maas {
namespace {

const std::string kUrl = "http://127.0.0.1:8000";

// What `command` would post, read by a curl that prints its data.
std::string posted(const std::string& command) {
  const std::string fake =
      "curl() { while [ $# -gt 1 ]; do shift; done; if [ \"$1\" = @- ]; then tr -d '\\n'; else "
      "printf %s \"$1\"; fi; }; ";
  FILE* pipe = ::popen((fake + command).c_str(), "r");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  ::pclose(pipe);
  return text;
}

TEST(ExampleCurl, IsShortForShortInputs) {
  EXPECT_EQ(example_curl(small_model(), kUrl),
            "curl http://127.0.0.1:8000/v2/models/net/infer -H 'Content-Type: application/json' -d "
            R"('{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0,0]}]}')");
}

TEST(ExampleCurl, IsShortForLongInputsToo) {
  const std::string command = example_curl(model_taking(at::kByte, {-1, 3, 224, 224}), kUrl);
  EXPECT_LT(command.size(), 300);
}

TEST(ExampleCurl, PostsARequestThatTheModelTakes) {
  SessionInfo info = small_model();
  for (const at::ScalarType dtype : {at::kByte, at::kBool, at::kHalf, at::kLong}) {
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{}, {-1}, {-1, 16}, {-1, 17}, {2, -1, 30, 30}}) {
      info.inputs = {{"it's", dtype, shape}, {"b", dtype, shape}, {"c", at::kFloat, {-1, 2}}};
      EXPECT_EQ(refusal(posted(example_curl(info, kUrl)), info), "") << oip_datatype(dtype);
    }
  }
}

TEST(ExamplePrediction, IsWhatAPersonWouldType) {
  EXPECT_EQ(example_prediction(image_model(), kUrl, "/predict"),
            "curl http://127.0.0.1:8000/predict -F image=@picture.png");
  SessionInfo table = table_model();
  table.samples->data.input.columns[0].mean = 42.6789;
  table.samples->data.input.columns[1].name = "it's";
  EXPECT_EQ(posted(example_prediction(table, kUrl, "/predict/net")),
            R"({"age":42.7,"it's":0,"city":"oslo"})");
  EXPECT_EQ(example_prediction(small_model(), kUrl, "/predict"), example_curl(small_model(), kUrl));
}

TEST(DescribeTensors, NamesTypeAndShape) {
  EXPECT_EQ(describe_tensors(small_model().outputs), "y FP32 [-1, 3], n INT64 [-1]");
}

}  // namespace
}  // namespace maas
