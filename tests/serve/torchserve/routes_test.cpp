#include "serve/torchserve/routes.h"

#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "serve/asked_routes.h"
#include "serve/requests.h"
#include "serve/sample_models.h"

namespace maas {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Tensors = std::vector<at::Tensor>;

constexpr const char* kPath = "/predictions/net";

// The same logits for every row, whose softmax is 1/4, 1/2, 1/4.
Tensors quarter_half_quarter(const Tensors& inputs) {
  return {at::tensor({0.0F, std::log(2.0F), 0.0F}).expand({inputs[0].size(0), 3}).contiguous()};
}

// A row's answer is ten times its first number, and its place.
Tensors tenfold(const Tensors& inputs) { return {inputs[0].narrow(1, 0, 1) * 10}; }

struct Images : testing::Test, AskedRoutes {
  std::shared_ptr<StubSession> session;
  Images() : Images(std::make_shared<StubSession>(image_model(), quarter_half_quarter)) {}
  explicit Images(std::shared_ptr<StubSession> stub)
      : AskedRoutes(stub, torchserve_routes), session(std::move(stub)) {}
};

struct Rows : testing::Test, AskedRoutes {
  std::shared_ptr<StubSession> session;
  Rows() : Rows(std::make_shared<StubSession>(table_model(), tenfold)) {}
  explicit Rows(std::shared_ptr<StubSession> stub)
      : AskedRoutes(stub, torchserve_routes), session(std::move(stub)) {}
};

const AskedRoutes::Headers kJson{{"Content-Type", "application/json"}};
constexpr const char* kAnswer = R"({"dog":0.5,"cat":0.25,"cow":0.25})";

TEST_F(Images, PingTellsWhetherTheServerAnswers) {
  EXPECT_EQ(get("/ping").body, R"({"status":"Healthy"})");
  ready = false;
  EXPECT_EQ(get("/ping").status, 503);
  EXPECT_EQ(get("/ping").body, R"({"status":"Unhealthy"})");
}

TEST_F(Images, TheModelsAreListed) {
  EXPECT_THAT(get("/models").body,
              StartsWith(R"({"models":[{"modelName":"net","modelVersion":"1")"));
}

TEST_F(Images, AnImageFileIsAnsweredByLabels) {
  for (const char* type : {"image/png", "application/octet-stream", "image/jpeg",
                           "application/x-www-form-urlencoded"}) {
    const HttpResponse answer = post(kPath, small_png(), {{"Content-Type", type}});
    EXPECT_EQ(answer.status, 200) << type << answer.body;
    EXPECT_EQ(answer.body, kAnswer);
  }
  EXPECT_EQ(post("/predictions/net/1", small_png()).body, kAnswer);
  EXPECT_EQ(post(kPath, small_png(), {}, "PUT").body, kAnswer);
  const at::Tensor pixels = at::tensor({0, 85, 170, 255}, at::kByte).view({1, 1, 2, 2});
  EXPECT_TRUE(session->last.at(0).equal(pixels));
}

TEST_F(Images, AFormHasImagesInItsParts) {
  const auto form = [](const std::string& name) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name +
           "\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n" + small_png() + "\r\n--b";
  };
  const AskedRoutes::Headers type{{"Content-Type", "multipart/form-data; boundary=b"}};
  EXPECT_EQ(post(kPath, form("data") + "--\r\n", type).body, kAnswer);
  EXPECT_EQ(post(kPath, form("file") + "--\r\n", type).body, kAnswer);
  EXPECT_EQ(post(kPath, form("data") + form("data").substr(3) + "--", type).body,
            std::string("[") + kAnswer + "," + kAnswer + "]");
  EXPECT_EQ(post(kPath, form("data"), type).status, 400);
}

TEST_F(Images, JsonHasPixelsOrFilesInBase64) {
  const std::string file = std::string(R"({"b64":")") + kSmallPng + R"("})";
  for (const std::string& one : {std::string("[0,85,170,255]"), std::string("[[0,85],[170,255]]"),
                                 std::string("[[[0,85],[170,255]]]"), file}) {
    EXPECT_EQ(post(kPath, one, kJson).body, kAnswer) << one;
    EXPECT_EQ(post(kPath, one).body, kAnswer) << one;  // no type
    const std::string list = std::string("[") + kAnswer + "," + kAnswer + "]";
    EXPECT_EQ(post(kPath, "[" + one + "," + one + "]", kJson).body, list) << one;
    EXPECT_EQ(post(kPath, "{\"instances\":[" + one + "," + one + "]}", kJson).body, list) << one;
    EXPECT_EQ(post(kPath, "{\"instances\":[" + one + "]}", kJson).body,
              std::string("[") + kAnswer + "]");
  }
  const std::string data = std::string(R"([{"data":")") + kSmallPng + R"("}])";
  EXPECT_EQ(post(kPath, data, kJson).status, 200);
}

TEST_F(Images, RefusalsSayWhy) {
  const auto refusal = [&](const std::string& body, const AskedRoutes::Headers& headers = kJson) {
    const HttpResponse answer = post(kPath, body, headers);
    EXPECT_EQ(answer.status, 400) << answer.body;
    return answer.body;
  };
  EXPECT_THAT(refusal(""), HasSubstr("byte 0"));
  EXPECT_THAT(refusal("", {}), HasSubstr("is empty"));
  EXPECT_THAT(refusal("[1,2]"), HasSubstr("shape [2]"));
  EXPECT_THAT(refusal(R"({"b64":"%"})"), HasSubstr("is not base64"));
  EXPECT_THAT(refusal(R"({"b64":"Zm9v"})"), HasSubstr("body"));
  EXPECT_THAT(refusal(R"([{"b64":"Zm9v"},1])"), HasSubstr("body[0]"));
  EXPECT_THAT(refusal(R"({"instances":3})"), HasSubstr("is not a list"));
  EXPECT_THAT(refusal("[[0,85,170,255],[],[],[]]"), HasSubstr("a list of 0 values"));
  EXPECT_THAT(refusal("GIF89a", {{"Content-Type", "image/gif"}}), HasSubstr("body"));
  EXPECT_THAT(refusal("[[0,85,170,255],[0,85,170,255],[0,85,170,255],[0,85,170,255],[0,0,0,0]]"),
              HasSubstr("has 5 rows; expected at most 4"));
  EXPECT_EQ(post(kPath, "x", {{"Content-Type", "text/html"}}).status, 415);
  EXPECT_EQ(post("/predictions/other", "x").status, 404);
  EXPECT_EQ(post("/predictions/net/2", "x").status, 404);
  EXPECT_EQ(get(kPath).headers.allow, "POST, PUT");
}

TEST_F(Images, ARequestHasABoundedNumberOfFiles) {
  std::string list = std::string(R"([{"b64":")") + kSmallPng + R"("})";
  const std::string one = list.substr(1);
  for (int i = 0; i < 256; ++i) list += "," + one;
  EXPECT_THAT(post(kPath, list + "]", kJson).body, HasSubstr("at most 256"));
}

TEST_F(Rows, RowsAreObjectsOrListsInTheOrderOfTheColumns) {
  EXPECT_EQ(post(kPath, R"({"age":4,"income":1,"city":"rome"})", kJson).body, "40");
  EXPECT_EQ(post(kPath, R"([4.5,1,"rome"])", kJson).body, "45");
  EXPECT_EQ(post(kPath, R"([[1,1,"rome"],{"age":2,"income":1,"city":"oslo"}])", kJson).body,
            "[10,20]");
  EXPECT_EQ(post(kPath, R"({"instances":[[1,1,"oslo"]]})", kJson).body, "[10]");
  EXPECT_EQ(session->last.at(1).item<int64_t>(), 1);
  const AskedRoutes::Headers csv{{"Content-Type", "text/csv"}};
  EXPECT_EQ(post(kPath, "city,age,income\nrome,3,1\nrome,4,1\n", csv).body, "[30,40]");
  EXPECT_EQ(post(kPath, "3,1,rome\n").body, "[30]");
}

TEST_F(Rows, StrangeCategoriesAreTold) {
  const HttpResponse answer = post(kPath, "[4,1,\"l\xC3\xBCtte\\r\\n\"]", kJson);
  EXPECT_EQ(answer.status, 200);
  ASSERT_EQ(answer.headers.others.size(), 1);
  EXPECT_EQ(answer.headers.others[0].first, "Maas-Warning");
  EXPECT_THAT(answer.headers.others[0].second, HasSubstr("'l%C3%BCtte"));
  EXPECT_EQ(answer.headers.others[0].second.find('\n'), std::string::npos);
}

TEST_F(Rows, AWarningsHeaderIsPercentEncodedAndCutsNoLetter) {
  const auto warning_of = [&](const std::string& city) {
    return post(kPath, "[4,1,\"" + city + "\"]", kJson).headers.others.at(0).second;
  };
  EXPECT_THAT(warning_of("100% wool"), HasSubstr("'100%25 wool'"));
  EXPECT_THAT(warning_of("a\xE2\x82\xAC\x7F"), HasSubstr("'a%E2%82%AC%7F'"));
  for (const char* shift : {"", "x"}) {
    std::string city = shift;
    for (int i = 0; i < 200; ++i) city += "\xC3\xBC";
    EXPECT_TRUE(warning_of(city).ends_with("%C3%BC"));
  }
}

TEST_F(Rows, RefusalsSayWhere) {
  EXPECT_THAT(post(kPath, R"([1,"rome"])", kJson).body, HasSubstr("2 values"));
  EXPECT_THAT(post(kPath, R"({"age":1,"income":1,"City":"rome"})", kJson).body,
              HasSubstr("column 'city' is absent; 'City' is given"));
  EXPECT_THAT(post(kPath, R"([["x",1,"rome"]])", kJson).body, HasSubstr("body[0].age"));
  EXPECT_THAT(post(kPath, R"({"age":1,"age":2,"income":1,"city":"rome"})", kJson).body,
              HasSubstr("two members named 'age'"));
  EXPECT_THAT(post(kPath, small_png(), {{"Content-Type", "image/png"}}).body,
              HasSubstr("is an image; expected rows of a table"));
  std::string many = "[{}";
  for (int64_t i = 0; i < (int64_t{4} << 20) / 3; ++i) many += ",{}";
  EXPECT_THAT(post(kPath, many + "]", kJson).body, HasSubstr("rows of 3 columns"));
}

TEST(Predictions, SeveralTargetsHaveTheirNames) {
  AskedRoutes routes(
      std::make_shared<StubSession>(table_model({"price", "area"}),
                                    [](const Tensors&) {
                                      return Tensors{at::tensor({1.5F, 2.0F}).view({1, 2})};
                                    }),
      torchserve_routes);
  EXPECT_EQ(routes.post(kPath, "[1,1,\"oslo\"]", kJson).body, R"({"price":1.5,"area":2})");
}

TEST(Predictions, ARowWithoutAnswerIsNull) {
  AskedRoutes routes(std::make_shared<StubSession>(image_model(),
                                                   [](const Tensors& inputs) {
                                                     return Tensors{at::full(
                                                         {inputs[0].size(0), 3},
                                                         std::numeric_limits<float>::quiet_NaN())};
                                                   }),
                     torchserve_routes);
  EXPECT_EQ(routes.post(kPath, small_png()).body, "null");
}

TEST(Predictions, FiveLabelsAreShownOfManyAndAllOfSeveral) {
  SessionInfo info = image_model({"a", "b", "c", "d", "e", "f"});
  const auto answer = [](const Tensors&) {
    return Tensors{at::tensor({5.0F, 4.0F, 3.0F, 2.0F, 1.0F, 0.0F}).view({1, 6})};
  };
  EXPECT_EQ(AskedRoutes(std::make_shared<StubSession>(info, answer), torchserve_routes)
                .post(kPath, small_png())
                .body.find("\"f\""),
            std::string::npos);
  info.samples->data.task.kind = TaskKind::kMultiLabel;
  EXPECT_THAT(AskedRoutes(std::make_shared<StubSession>(info, answer), torchserve_routes)
                  .post(kPath, small_png())
                  .body,
              HasSubstr("\"f\":0.5"));
}

TEST(Predictions, AModelThatSaysNothingOfItsDataTakesNestedLists) {
  AskedRoutes routes(std::make_shared<StubSession>(
                         small_model(),
                         [](const Tensors& inputs) {
                           const int64_t rows = inputs[0].size(0);
                           return Tensors{at::full({rows, 3}, 0.5), at::full({rows}, 7, at::kLong)};
                         }),
                     torchserve_routes);
  const std::string two = R"({"y":[[0.5,0.5,0.5],[0.5,0.5,0.5]],"n":[7,7]})";
  EXPECT_EQ(routes.post(kPath, "[[1,2],[3,4]]", kJson).body, two);
  EXPECT_EQ(routes.post(kPath, R"({"x":[[1,2],[3,4]]})").body, two);
  EXPECT_EQ(routes.post(kPath, R"({"instances":[[1,2],{"x":[3,4]}]})").body, two);
  EXPECT_THAT(routes.post(kPath, "[[1,2,3]]").body, HasSubstr("[-1, 2] of FP32"));
  EXPECT_THAT(routes.post(kPath, R"({"instances":[[1,2],[]]})").body, HasSubstr("x[1]"));
  EXPECT_THAT(routes.post(kPath, "{}").body, HasSubstr("its inputs x by name"));
  EXPECT_THAT(routes.post(kPath, small_png()).body, HasSubstr("tensors as nested lists"));
}

}  // namespace
}  // namespace maas
