#include "serve/openapi/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "serve/asked_routes.h"
#include "serve/protocols.h"
#include "serve/requests.h"
#include "serve/sample_models.h"

namespace maas {
namespace {

using simdjson::dom::element;
using testing::HasSubstr;

struct OpenApi : testing::Test {
  explicit OpenApi(const SessionInfo& info = table_model())
      : asked(std::make_shared<StubSession>(info,
                                            [](const std::vector<at::Tensor>& in) { return in; }),
              [](const ServerState& state) {
                std::vector<Route> routes = protocol_routes(state);
                routes.push_back(openapi_route(routes, state));
                return routes;
              }),
        text(asked.get("/openapi.json").body),
        root(parser.parse(text)) {}
  element at(std::string_view pointer) { return root.at_pointer(pointer); }

  AskedRoutes asked;
  const std::string text;
  simdjson::dom::parser parser;
  const element root;
};

TEST_F(OpenApi, EveryRouteButThePagesFilesIsDescribed) {
  for (const Route& route : protocol_routes(asked.state)) {
    std::string path;
    for (const char c : route.pattern) path += c == '/' ? "~1" : std::string(1, c);
    const std::string method = route.method == "GET"    ? "get"
                               : route.method == "POST" ? "post"
                                                        : "put";
    const bool file = route.pattern.starts_with("/page.");
    const bool found =
        root.at_pointer("/paths/" + path + "/" + method).error() == simdjson::SUCCESS;
    EXPECT_EQ(found, !file) << route.method << " " << route.pattern;
  }
}

TEST_F(OpenApi, NamesOnlySchemasThatAreThere) {
  const std::string mark = "\"$ref\":\"#/components/schemas/";
  int references = 0;
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const size_t begin = at + mark.size();
    const std::string name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_EQ(root.at_pointer("/components/schemas/" + name).error(), simdjson::SUCCESS) << name;
    ++references;
  }
  EXPECT_GT(references, 20);
}

TEST_F(OpenApi, RoutesNameOnlySchemasThatExist) {
  for (const Route& route : protocol_routes(asked.state)) {
    const std::string path(route.pattern);
    if (!route.doc.request.empty()) {
      EXPECT_THAT(text, HasSubstr("\"" + std::string(route.doc.request) + "_net_1\"")) << path;
    }
    if (!route.doc.answer.empty()) {
      EXPECT_THAT(text, HasSubstr("\"" + std::string(route.doc.answer) + "\":")) << path;
    }
  }
}

TEST_F(OpenApi, OperationsHaveNamesOfTheirOwn) {
  std::set<std::string> seen;
  const std::string mark = "\"operationId\":\"";
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const size_t begin = at + mark.size();
    EXPECT_TRUE(seen.insert(text.substr(begin, text.find('"', begin) - begin)).second);
  }
  EXPECT_TRUE(seen.contains("post_predictions_model"));
  EXPECT_TRUE(seen.contains("post_v1_models_model_predict"));
}

TEST_F(OpenApi, AnswersToSamplesMayHaveAWarningInTheirHeaders) {
  for (const char* path :
       {"~1predictions~1{model}", "~1predict", "~1v1~1models~1{model}:regress"}) {
    const std::string answer = "/paths/" + std::string(path) + "/post/responses/200";
    const std::string headers(simdjson::minify(at(answer + "/headers/Maas-Warning")));
    EXPECT_THAT(headers, HasSubstr("percent-encoded")) << path;
  }
  EXPECT_NE(
      root.at_pointer("/paths/~1v2~1models~1{model}~1infer/post/responses/200/headers").error(),
      simdjson::SUCCESS);
}

TEST_F(OpenApi, DescribesTensorsAndColumnsOfTheModel) {
  EXPECT_THAT(std::string(simdjson::minify(at("/components/schemas/InferRequest_net_1"))),
              HasSubstr(R"("const":"numeric")"));
  const std::string sample(simdjson::minify(at("/components/schemas/Sample_net_1")));
  EXPECT_THAT(sample, HasSubstr(R"("city":{"type":["string","null"],"examples":["oslo","rome"]})"));
  EXPECT_THAT(sample, HasSubstr(R"("required":["age","income","city"])"));
  EXPECT_EQ(std::string_view(at("/openapi")), "3.1.0");
}

}  // namespace
}  // namespace maas
