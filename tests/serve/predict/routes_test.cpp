#include "serve/predict/routes.h"

#include <ATen/ops/full.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "serve/asked_routes.h"
#include "serve/protocols.h"
#include "serve/requests.h"
#include "serve/sample_models.h"

namespace maas {
namespace {

using testing::HasSubstr;
using Tensors = std::vector<at::Tensor>;

// The same logits for every row, whose softmax is 1/4, 1/2, 1/4.
Tensors quarter_half_quarter(const Tensors& inputs) {
  return {at::tensor({0.0F, std::log(2.0F), 0.0F}).expand({inputs[0].size(0), 3}).contiguous()};
}

Tensors tenfold(const Tensors& inputs) { return {inputs[0].narrow(1, 0, 1) * 10}; }

struct PredictImages : testing::Test, AskedRoutes {
  PredictImages()
      : AskedRoutes(std::make_shared<StubSession>(image_model(), quarter_half_quarter),
                    protocol_routes) {}
};

struct PredictRows : testing::Test, AskedRoutes {
  std::shared_ptr<StubSession> session;
  PredictRows() : PredictRows(std::make_shared<StubSession>(table_model(), tenfold)) {}
  explicit PredictRows(std::shared_ptr<StubSession> stub)
      : AskedRoutes(stub, protocol_routes), session(std::move(stub)) {}
};

const AskedRoutes::Headers kCsv{{"Content-Type", "text/csv"}};
const AskedRoutes::Headers kCurl{{"Content-Type", "application/x-www-form-urlencoded"}};
const AskedRoutes::Headers kForm{{"Content-Type", "multipart/form-data; boundary=b"}};
const std::string kLabelled =
    R"({"label":"dog","probability":0.5,"probabilities":{"dog":0.5,"cat":0.25,"cow":0.25}})";

std::string part(const std::string& name, const std::string& bytes, const std::string& more = "") {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"" + more + "\r\n\r\n" +
         bytes + "\r\n";
}

TEST_F(PredictImages, APictureIsAnsweredByLabelsHoweverItIsSent) {
  const std::string form =
      part("image", small_png(), "; filename=\"digit.png\"\r\nContent-Type: image/png") +
      "--b--\r\n";
  for (const char* path :
       {"/predict", "/predict/net", "/predict/net/1", "/v1/models/net:predict"}) {
    EXPECT_EQ(post(path, small_png(), {{"Content-Type", "image/png"}}).body, kLabelled) << path;
    EXPECT_EQ(post(path, form, kForm).body, kLabelled) << path;
    EXPECT_EQ(post(path, std::string(R"({"b64":")") + kSmallPng + "\"}", kCurl).body, kLabelled);
    EXPECT_EQ(post(path, std::string(R"([{"b64":")") + kSmallPng + "\"}]").body,
              "[" + kLabelled + "]");
  }
  EXPECT_EQ(post("/predict", small_png(), {}, "PUT").body, kLabelled);
}

TEST_F(PredictImages, SeveralPicturesInAFormAreAList) {
  const auto answer =
      post("/predict", part("a", small_png()) + part("b", small_png()) + "--b--\r\n", kForm);
  EXPECT_EQ(answer.body, "[" + kLabelled + "," + kLabelled + "]");
  EXPECT_THAT(post("/predict", part("a", small_png()) + part("b", "x") + "--b--\r\n", kForm).body,
              HasSubstr("form, part 'b' is one of 2 parts and no image file"));
}

TEST_F(PredictImages, OutputsThatAreNoNumbersAreNull) {
  auto stub = std::make_shared<StubSession>(image_model(), [](const Tensors& inputs) {
    return Tensors{at::full({inputs[0].size(0), 3}, std::numeric_limits<float>::quiet_NaN())};
  });
  AskedRoutes broken(stub, protocol_routes);
  EXPECT_EQ(broken.post("/predict", small_png()).body,
            R"({"label":null,"probability":null,"probabilities":null})");
}

SessionInfo text_model() {
  SessionInfo info = table_model({"tone"});
  info.inputs = {{"text", at::kLong, {-1, 32}}};
  InputSpec& input = info.samples->data.input;
  input.columns = {{.name = "words", .type = ColumnType::kText, .categories = {}}};
  input.text = {.buckets = 1000, .pieces = 32};
  return info;
}

// How many pieces each text has.
Tensors piece_count(const Tensors& inputs) { return {inputs[0].ne(0).sum(1, true).to(at::kFloat)}; }

struct PredictTexts : PredictRows {
  PredictTexts() : PredictRows(std::make_shared<StubSession>(text_model(), piece_count)) {}
};

// a, bc, "a bc", <a>, <bc, bc>, <bc>
TEST_F(PredictTexts, ATextIsAnsweredHoweverItIsSent) {
  const std::string wanted = R"({"values":{"tone":7}})";
  EXPECT_EQ(post("/predict", "a bc", {{"Content-Type", "text/plain"}}).body, wanted);
  EXPECT_EQ(post("/predict", "a, bc...", {{"Content-Type", "text/plain; charset=utf-8"}}).body,
            wanted);
  EXPECT_EQ(post("/predict", "a bc", kCurl).body, wanted);
  EXPECT_EQ(post("/predict", R"({"words":"a bc"})").body, wanted);
  EXPECT_EQ(post("/predict", "words=a+bc", kCurl).body, wanted);
  EXPECT_EQ(post("/predict", "words\n\"a, bc\"\n", kCsv).body, "[" + wanted + "]");
  EXPECT_EQ(post("/predict", R"([{"words":"a bc"},["A BC"]])").body,
            "[" + wanted + "," + wanted + "]");
}

TEST_F(PredictTexts, ACharsetIsHeeded) {
  const auto answer = [&](const std::string& text, const std::string& type) {
    return post("/predict", text, {{"Content-Type", type}}).body;
  };
  EXPECT_EQ(answer("\xfc"
                   "ber",
                   "text/plain; charset=ISO-8859-1"),
            answer("\xc3\xbc"
                   "ber",
                   "text/plain;charset=\"utf-8\""));
  EXPECT_EQ(answer("\xef\xbb\xbf"
                   "a bc",
                   "text/plain"),
            R"({"values":{"tone":7}})");
  EXPECT_THAT(answer("a", "text/plain; charset=utf-16"), HasSubstr("the charset 'utf-16'"));
}

TEST_F(PredictTexts, WhatIsNoTextHearsThatTextsAre) {
  const auto refused = post("/predict", "%PDF", {{"Content-Type", "application/pdf"}});
  EXPECT_EQ(refused.status, 415);
  EXPECT_THAT(refused.body, HasSubstr("text/csv, text/plain, multipart/form-data"));
}

TEST_F(PredictTexts, AFormOfAnotherFieldIsNoText) {
  EXPECT_THAT(post("/predict", "data=a+bc", kCurl).body, HasSubstr("the column 'words'"));
  EXPECT_EQ(post("/predict", "x = 3 is true", kCurl).status, 200);
}

TEST_F(PredictTexts, ATextWithoutWordsOrTooManyAreRefused) {
  EXPECT_THAT(post("/predict", "  ", {{"Content-Type", "text/plain"}}).body,
              HasSubstr("the value of column 'words' is missing"));
  const auto caf = post("/predict", "caf\xe9", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(caf.status, 400);
  std::string rows = "[";
  for (int i = 0; i < 400'000; ++i) rows += "{},";
  const auto many = post("/predict", rows + "{}]");
  EXPECT_EQ(many.status, 400);
  EXPECT_THAT(many.body, HasSubstr("400001 rows of 1 columns"));
}

TEST_F(PredictRows, ATextIsNoRow) {
  const auto text = post("/predict", "some words", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(text.status, 415);
  EXPECT_THAT(text.body, HasSubstr("the Content-Type must be application/json"));
}

TEST_F(PredictImages, ATextIsNoPicture) {
  const auto text = post("/predict", "some words", {{"Content-Type", "text/plain; charset=utf-8"}});
  EXPECT_EQ(text.status, 415);
  EXPECT_THAT(text.body, HasSubstr("the Content-Type must be application/json"));
}

TEST_F(PredictRows, AFormAsBrowsersSendItIsARow) {
  const auto row = post("/predict", R"({"city": "rome", "age": 4, "income": 1})", kCurl);
  EXPECT_EQ(row.status, 200);
  EXPECT_EQ(post("/predict", "city=rome&age=4&income=1", kCurl).body, row.body);
  EXPECT_EQ(post("/predict", "city=%72ome&age=+4&income=1", kCurl).body, row.body);
  EXPECT_THAT(post("/predict", "age=4&age=5&city=rome", kCurl).body,
              HasSubstr("'age' is there twice"));
}

TEST_F(PredictRows, ARowIsAnsweredHoweverItIsWritten) {
  const std::string row = R"({"age": 4, "income": 1, "city": "rome"})";
  const std::string wanted = R"({"values":{"price":40}})";
  for (const char* path : {"/predict", "/predict/net", "/v1/models/net:predict"}) {
    EXPECT_EQ(post(path, row, kCurl).body, wanted) << path;
    EXPECT_EQ(post(path, "[" + row + "]").body, "[" + wanted + "]") << path;
    EXPECT_EQ(post(path, "city,age,income\nrome,4,1\noslo,4,2\n", kCsv).body,
              "[" + wanted + "," + wanted + "]");
    EXPECT_EQ(
        post(path, part("age", "4") + part("income", "1") + part("city", "rome") + "--b--\r\n",
             kForm)
            .body,
        wanted)
        << path;
  }
  EXPECT_EQ(post("/predict", R"({"instances":[)" + row + "]}").body, "[" + wanted + "]");
  // What TensorFlow Serving's clients send has its answer.
  EXPECT_EQ(post("/v1/models/net:predict", R"({"instances":[)" + row + "]}").body,
            R"({"predictions":[[40]]})");
}

TEST_F(PredictRows, WhatIsWrongIsNamed) {
  EXPECT_THAT(post("/predict", "age,income\n1,2\n", kCsv).body,
              HasSubstr("there is no column 'city'"));
  EXPECT_THAT(post("/predict", R"({"age": "much", "income": 1, "city": "rome"})").body,
              HasSubstr("'much' in column 'age' is not a finite number"));
  EXPECT_EQ(post("/predict", "x", {{"Content-Type", "application/pdf"}}).status, 415);
  EXPECT_EQ(post("/v1/models/net:regress", "age\n1\n", kCsv).status, 415);
  EXPECT_EQ(post("/predict/other", "{}").status, 404);
}

TEST_F(PredictRows, OfSeveralModelsOneMustBeNamed) {
  SessionInfo info = table_model();
  info.name = "second";
  auto stub = std::make_shared<StubSession>(info, tenfold);
  repository.put(
      {stub, std::make_shared<Batcher>(
                 stub, BatcherLimits{.slots = 1, .capacity = 0},
                 Batcher::Threads{[](ServeClock::duration, const std::function<void()>&) {}})});
  const auto answer = post("/predict", "{}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("name one: /predict/net, /predict/second"));
  EXPECT_EQ(post("/predict/second", R"([[1, 2, "oslo"]])").body, R"([{"values":{"price":10}}])");
}

}  // namespace
}  // namespace maas
