#include "serve/tf_serving/routes.h"

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
using Tensors = std::vector<at::Tensor>;

// "half_plus_two" of the protocol's documentation: one number a row.
struct HalfPlusTwo : testing::Test, AskedRoutes {
  static SessionInfo model() {
    SessionInfo info;
    info.name = "half_plus_two";
    info.inputs = {{"x", at::kFloat, {-1}}};
    info.outputs = {{"y", at::kFloat, {-1}}};
    return info;
  }
  HalfPlusTwo()
      : AskedRoutes(std::make_shared<StubSession>(
                        model(), [](const Tensors& inputs) { return Tensors{inputs[0] / 2 + 2}; }),
                    tf_serving_routes) {}
  std::string predict(const std::string& body) {
    return post("/v1/models/half_plus_two:predict", body).body;
  }
};

TEST_F(HalfPlusTwo, AnswersAsTheDocumentationSays) {
  EXPECT_EQ(predict(R"({"instances": [1.0, 2.0, 5.0]})"), R"({"predictions":[2.5,3,4.5]})");
  EXPECT_EQ(predict(R"({"inputs": [1.0, 2.0, 5.0]})"), R"({"outputs":[2.5,3,4.5]})");
  EXPECT_EQ(predict(R"({"instances": [{"x": 1}, {"x": 2}]})"), R"({"predictions":[2.5,3]})");
  EXPECT_EQ(predict(R"({"inputs": {"x": [1]}})"), R"({"outputs":[2.5]})");
  EXPECT_EQ(predict(R"({"signature_name": "serving_default", "instances": [1]})"),
            R"({"predictions":[2.5]})");
  EXPECT_EQ(post("/v1/models/half_plus_two/versions/1:predict", R"({"instances":[1]})").status,
            200);
  // curl -d says that it sends a form
  EXPECT_EQ(post("/v1/models/half_plus_two:predict", R"({"instances":[1]})",
                 {{"Content-Type", "application/x-www-form-urlencoded"}})
                .status,
            200);
}

TEST_F(HalfPlusTwo, TellsStatusAndMetadata) {
  EXPECT_EQ(get("/v1/models/half_plus_two").body,
            R"({"model_version_status":[{"version":"1","state":"AVAILABLE",)"
            R"("status":{"error_code":"OK","error_message":""}}]})");
  EXPECT_EQ(
      get("/v1/models/half_plus_two/versions/1/metadata").body,
      R"({"model_spec":{"name":"half_plus_two","signature_name":"","version":"1"},)"
      R"("metadata":{"signature_def":{"signature_def":{"serving_default":{"inputs":{"x":)"
      R"({"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1","name":""}],"unknown_rank":false},)"
      R"("name":"x"}},"outputs":{"y":{"dtype":"DT_FLOAT","tensor_shape":{"dim":[{"size":"-1",)"
      R"("name":""}],"unknown_rank":false},"name":"y"}},"method_name":"tensorflow/serving/predict"}}}}})");
}

TEST_F(HalfPlusTwo, RefusalsSayWhy) {
  for (const auto& [body, reason] : std::vector<std::pair<std::string, std::string>>{
           {"", "byte 0"},
           {"{}", "has neither 'instances' nor 'inputs'"},
           {R"({"instances":[1],"inputs":[1]})", "has both"},
           {R"({"instances":[]})", "is empty"},
           {R"({"instances":1})", "is not a list"},
           {R"({"instances":["a"]})", "x[0]"},
           {R"({"instances":[1,[2]]})", "x[1]"},
           {R"({"instances":[[1]]})", "lists of shape [1]"},
           {R"({"instances":[{"z":1}]})", "has no 'x'"},
           {R"({"instances":[{"x":1,"z":1}]})", "has 2 members"},
           {R"({"instances":[{"x":1,"x":1}]})", "twice"},
           {R"({"inputs":{"z":[1]}})", "x by name"},
           {R"({"signature_name":"other","instances":[1]})", "serving_default"},
           {R"({"instance":[1],"inputs":[1]})", "'instance' is no member"},
           {R"({"instances":[1,2,3,4,5]})", "at most 4"}}) {
    const HttpResponse answer = post("/v1/models/half_plus_two:predict", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_THAT(answer.body, HasSubstr(reason)) << body;
    EXPECT_THAT(answer.body, testing::StartsWith("{\"error\":")) << body;
  }
  EXPECT_EQ(get("/v1/models/other").status, 404);
  EXPECT_EQ(post("/v1/models/other:predict", "{}").status, 404);
  EXPECT_EQ(post("/v1/models/half_plus_two/versions/9:predict", "{}").status, 404);
  EXPECT_EQ(post("/v1/models/half_plus_two:explain", "{}").status, 404);
  EXPECT_EQ(get("/v1/models/half_plus_two:predict").headers.allow, "POST");
  EXPECT_EQ(post("/v1/models/half_plus_two:predict", "{}", {{"Content-Type", "text/plain"}}).status,
            415);
  EXPECT_THAT(post("/v1/models/half_plus_two:classify", R"({"examples":[{"x":1}]})").body,
              HasSubstr("does not say how its data look"));
}

// Two inputs and two outputs, which rows and columns name.
TEST(TfServing, NamesInputsAndOutputsWhereThereAreSeveral) {
  SessionInfo info;
  info.name = "net";
  info.inputs = {{"a", at::kLong, {-1}}, {"b", at::kFloat, {-1, 2}}};
  info.outputs = {{"sum", at::kFloat, {-1, 2}}, {"twice", at::kLong, {-1}}};
  AskedRoutes routes(
      std::make_shared<StubSession>(info,
                                    [](const Tensors& in) {
                                      return Tensors{in[1] + in[0].unsqueeze(1), in[0] * 2};
                                    }),
      tf_serving_routes);
  const char* path = "/v1/models/net:predict";
  EXPECT_EQ(routes.post(path, R"({"instances":[{"a":1,"b":[1,2]},{"b":[3,4],"a":5}]})").body,
            R"({"predictions":[{"sum":[2,3],"twice":2},{"sum":[8,9],"twice":10}]})");
  EXPECT_EQ(routes.post(path, R"({"inputs":{"a":[1,5],"b":[[1,2],[3,4]]}})").body,
            R"({"outputs":{"sum":[[2,3],[8,9]],"twice":[2,10]}})");
  EXPECT_THAT(routes.post(path, R"({"instances":[[1,2]]})").body, HasSubstr("is no object"));
  EXPECT_THAT(routes.post(path, R"({"instances":[{"a":1,"b":[1,2]},{"a":1,"b":[1]}]})").body,
              HasSubstr("b[1]"));
}

Tensors one_two(const Tensors& inputs) {
  return {at::tensor({0.0F, std::log(3.0F)}).expand({inputs[0].size(0), 2}).contiguous()};
}

TEST(TfServing, TakesImagesInBase64AsPixelsAndAsTensors) {
  auto session = std::make_shared<StubSession>(image_model({"cat", "dog"}), one_two);
  AskedRoutes routes(session, tf_serving_routes);
  const std::string file = std::string(R"({"b64":")") + kSmallPng + R"("})";
  const at::Tensor pixels = at::tensor({0, 85, 170, 255}, at::kByte).view({1, 1, 2, 2});
  for (const std::string& row :
       {file, "{\"image\":" + file + "}", std::string("[[0,85],[170,255]]"),
        std::string("[[[0,85],[170,255]]]"), std::string(R"({"image":[[[0,85],[170,255]]]})")}) {
    const HttpResponse answer =
        routes.post("/v1/models/net:predict", "{\"instances\":[" + row + "]}");
    EXPECT_EQ(answer.status, 200) << row << answer.body;
    EXPECT_THAT(answer.body, HasSubstr("{\"predictions\":[[0,1.09")) << row;
    EXPECT_TRUE(session->last.at(0).equal(pixels)) << row;
  }
  for (const std::string& whole : {file, "{\"image\":" + file + "}", "{\"image\":[" + file + "]}",
                                   std::string("[[[[0,85],[170,255]]]]")}) {
    const HttpResponse answer = routes.post("/v1/models/net:predict", "{\"inputs\":" + whole + "}");
    EXPECT_THAT(answer.body, HasSubstr("{\"outputs\":[[0,1.09")) << whole;
    EXPECT_TRUE(session->last.at(0).equal(pixels)) << whole;
  }
  const HttpResponse labels =
      routes.post("/v1/models/net:classify", "{\"examples\":[{\"image\":" + file + "}]}");
  EXPECT_THAT(labels.body, HasSubstr(R"({"results":[[["dog",0.7)"));
  EXPECT_THAT(labels.body, HasSubstr(R"(],["cat",0.2)"));
  EXPECT_THAT(
      routes.post("/v1/models/net:regress", "{\"examples\":[{\"image\":" + file + "}]}").body,
      HasSubstr("gives labels"));
  EXPECT_THAT(routes.post("/v1/models/net:classify", R"({"examples":[{"x":1}]})").body,
              HasSubstr("expected {\\\"image\\\""));
}

TEST(TfServing, TakesRowsAndColumnsOfATable) {
  auto session = std::make_shared<StubSession>(
      table_model(), [](const Tensors& in) { return Tensors{in[0].narrow(1, 0, 1) * 10}; });
  AskedRoutes routes(session, tf_serving_routes);
  const std::string rows =
      R"([{"age":1,"income":2,"city":"rome"},{"age":3,"income":4,"city":"oslo"}])";
  const auto predict = [&](const std::string& body) {
    session->last.clear();
    return routes.post("/v1/models/net:predict", body).body;
  };
  const std::string predictions = R"({"predictions":[[10],[30]]})";
  const std::string outputs = R"({"outputs":[[10],[30]]})";
  EXPECT_EQ(predict("{\"instances\":" + rows + "}"), predictions);
  EXPECT_EQ(session->last.at(1)[0].item<int64_t>(), 2);
  EXPECT_EQ(predict(R"({"instances":[[1,2,"rome"],[3,4,"oslo"]]})"), predictions);
  EXPECT_EQ(predict(R"({"instances":[{"numeric":[1,2],"categorical":[2]},)"
                    R"({"numeric":[3,4],"categorical":[1]}]})"),
            predictions);
  EXPECT_EQ(predict(R"({"inputs":{"age":[1,3],"income":[2,4],"city":["rome","oslo"]}})"), outputs);
  EXPECT_EQ(session->last.at(1)[0].item<int64_t>(), 2);
  EXPECT_EQ(predict(R"({"inputs":{"numeric":[[1,2],[3,4]],"categorical":[[2],[1]]}})"), outputs);
  EXPECT_EQ(predict("{\"inputs\":" + rows + "}"), outputs);
  EXPECT_THAT(predict(R"({"inputs":{"age":[1,3],"income":[2],"city":["rome","oslo"]}})"),
              HasSubstr("'income' has 1 values; expected 2"));
  EXPECT_THAT(predict(R"({"inputs":{"age":[1],"income":[2],"town":["rome"]}})"),
              HasSubstr("'town' is no column of this model"));
  EXPECT_EQ(routes.post("/v1/models/net:regress", "{\"examples\":" + rows + "}").body,
            R"({"results":[10,30]})");
  EXPECT_EQ(routes
                .post("/v1/models/net:regress",
                      R"({"context":{"income":7,"city":"rome"},"examples":[{"age":1},{"age":2}]})")
                .body,
            R"({"results":[10,20]})");
  EXPECT_EQ(session->last.at(0)[1][1].item<float>(), 7);
  EXPECT_THAT(
      routes.post("/v1/models/net:regress", R"({"context":{"age":7},"examples":[{"age":1}]})").body,
      HasSubstr("has 'age', and so has the context"));
  EXPECT_THAT(routes.post("/v1/models/net:classify", "{\"examples\":" + rows + "}").body,
              HasSubstr("gives numbers"));
}

TEST(TfServing, NaNIsNull) {
  AskedRoutes routes(
      std::make_shared<StubSession>(
          image_model({"cat", "dog"}),
          [](const Tensors&) {
            return Tensors{at::full({1, 2}, std::numeric_limits<float>::quiet_NaN())};
          }),
      tf_serving_routes);
  EXPECT_EQ(routes.post("/v1/models/net:predict", R"({"instances":[[0,0,0,0]]})").body,
            R"({"predictions":[[null,null]]})");
  EXPECT_EQ(routes.post("/v1/models/net:classify", R"({"examples":[{"image":[0,0,0,0]}]})").body,
            R"({"results":[null]})");
}

}  // namespace
}  // namespace maas
