#include "load/model_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "base/error.h"
#include "load/made_values.h"
#include "load/raw_server.h"

namespace maas {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kNet =
    R"({"name":"net","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}]})";

// Answers by path; everything else with 404.
RawServer::Handle by_path(std::map<std::string, std::string> answers) {
  return [answers = std::move(answers)](RawConnection& connection) {
    for (std::string one; !(one = connection.request()).empty();) {
      const size_t begin = one.find(' ') + 1;
      const auto found = answers.find(one.substr(begin, one.find(' ', begin) - begin));
      connection.send(found == answers.end() ? answer_with("{\"error\":\"no\"}", "404 Not Found")
                                             : answer_with(found->second));
    }
  };
}

RawServer::Handle serving_net(const std::string& metadata = kNet) {
  return by_path(
      {{"/v2/repository/index", R"([{"name":"net","version":"1"},{"name":"net","version":"2"}])"},
       {"/v2/models/net", metadata},
       {"/v2/models/net/versions/2", metadata}});
}

ModelRequest made(const RawServer& server, const AskOptions& options, const std::string& path = "",
                  const std::string& model = "") {
  LoadTarget target{.endpoint = server.endpoint, .model = model, .headers = {{"X-Api-Key", "k"}}};
  target.endpoint.path = path;
  return make_model_request(target, options);
}

std::string refusal(const RawServer::Handle& handle, const AskOptions& options = {},
                    const std::string& path = "") {
  const RawServer server(handle);
  try {
    made(server, options, path);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string body_of(const ModelRequest& request) {
  return request.bytes.substr(request.bytes.find("\r\n\r\n") + 4);
}

TEST(ModelRequests, AreMadeFromWhatTheServerSaysOfItsOnlyModel) {
  const RawServer server(serving_net());
  const ModelRequest request = made(server, {.rows = 3});
  EXPECT_EQ(request.path, "/v2/models/net/infer");
  ASSERT_EQ(request.inputs.size(), 1);
  EXPECT_EQ(request.inputs[0].text(), "x FP32 [3, 2]");
  EXPECT_THAT(request.bytes, HasSubstr("POST /v2/models/net/infer HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(request.bytes, HasSubstr("X-Api-Key: k\r\n"));
  EXPECT_THAT(body_of(request),
              HasSubstr(R"({"inputs":[{"name":"x","datatype":"FP32","shape":[3,2],"data":[0.)"));
  EXPECT_EQ(made(server, {.rows = 3}).bytes, request.bytes);
  EXPECT_NE(made(server, {.rows = 3, .seed = 2}).bytes, request.bytes);
}

TEST(ModelRequests, SpeakSeveralProtocols) {
  const RawServer server(serving_net());
  const std::string path = "/v2/models/net/versions/2";
  const ModelRequest binary = made(server, {.protocol = LoadProtocol::kOipBinary, .rows = 2}, path);
  EXPECT_EQ(binary.path, path + "/infer");
  EXPECT_THAT(binary.bytes, HasSubstr("Content-Type: application/octet-stream\r\n"));
  EXPECT_THAT(binary.bytes, HasSubstr("Inference-Header-Content-Length: "));
  EXPECT_THAT(binary.bytes, HasSubstr(R"("binary_data_size":16)"));
  const ModelRequest tf = made(server, {.protocol = LoadProtocol::kTfServing, .rows = 2}, path);
  EXPECT_EQ(tf.path, "/v1/models/net/versions/2:predict");
  EXPECT_THAT(body_of(tf),
              testing::MatchesRegex(R"(\{"instances":\[\[0\.[0-9]+,0\.[0-9]+\],\[.*\]\]\})"));
  const ModelRequest torch = made(server, {.protocol = LoadProtocol::kTorchServe}, path);
  EXPECT_EQ(torch.path, "/predictions/net/2");
  EXPECT_THAT(body_of(torch), testing::MatchesRegex(R"(\[\[0\.[0-9]+,0\.[0-9]+\]\])"));
}

TEST(ModelRequests, MayBeTheUsersOwn) {
  const RawServer server(serving_net());
  const ModelRequest request = made(server, {.body = "[1]"}, "/v1/models/m:predict");
  EXPECT_EQ(request.path, "/v1/models/m:predict");
  EXPECT_THAT(request.bytes, EndsWith("Content-Length: 3\r\n\r\n[1]"));
  EXPECT_TRUE(request.inputs.empty());
  EXPECT_EQ(made(server, {.body = "[1]"}, "", "other").path, "/v2/models/other/infer");
}

TEST(ModelRequests, SayWhatTheUserHasToTell) {
  EXPECT_THAT(refusal(by_path({})), HasSubstr("--model"));
  EXPECT_THAT(refusal(by_path({{"/v2/repository/index", R"([{"name":"a"},{"name":"b"}])"}})),
              HasSubstr("has several models: a, b"));
  EXPECT_THAT(refusal(serving_net(), {}, "/v2/models/other"),
              HasSubstr(R"(/v2/models/other: is answered 404: {"error":"no"})"));
  EXPECT_THAT(refusal(serving_net(), {}, "/v1/models/m:predict"), HasSubstr("--input FILE.json"));
  EXPECT_THAT(refusal(serving_net(R"({"inputs":[{"name":"x","datatype":"BYTES","shape":[1]}]})")),
              HasSubstr("takes BYTES"));
  EXPECT_THAT(refusal(serving_net(), {.protocol = LoadProtocol::kOipBinary, .body = "{}"}),
              HasSubstr("stands beside --protocol binary"));
}

TEST(ModelRequests, OfAServerThatSaysNonsenseAreRefused) {
  for (const char* metadata :
       {"", "{", "[]", R"({"inputs":3})", R"({"inputs":[{"name":"x"}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":["a"]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":[9223372036854775807,9]}]})",
        R"({"inputs":[{"name":"x","datatype":"FP32","shape":[99999999,99999999]}]})"}) {
    EXPECT_NE(refusal(serving_net(metadata)), "") << metadata;
  }
}

TEST(ModelRequests, AreTriedOnce) {
  const RawServer server(by_path({}));
  LoadTarget target{.endpoint = server.endpoint, .model = "net", .headers = {}};
  const ModelRequest request = make_model_request(target, {.body = "{}"});
  try {
    try_request(target, request, 20);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(R"(answers 404: {"error":"no"}; expected 200)"));
  }
}

TEST(MadeValues, AreInTheRangeOfTheirDatatype) {
  const auto flat = [](const char* type) { return made_json({"x", type, {4}}, 1, false); };
  EXPECT_THAT(flat("FP32"), testing::MatchesRegex(R"(\[(0\.[0-9]{3},){3}0\.[0-9]{3}\])"));
  EXPECT_THAT(flat("INT64"), testing::MatchesRegex(R"(\[([01],){3}[01]\])"));
  EXPECT_THAT(flat("BOOL"), testing::MatchesRegex(R"(\[((true|false),){3}(true|false)\])"));
  EXPECT_THAT(flat("UINT8"), testing::MatchesRegex(R"(\[([0-9]+,){3}[0-9]+\])"));
  EXPECT_EQ(made_json({"x", "INT8", {}}, 1, true).size(), 1);
  EXPECT_THAT(made_json({"x", "INT8", {1, 2, 1}}, 1, true),
              testing::MatchesRegex(R"(\[\[\[[01]\],\[[01]\]\]\])"));
}

TEST(MadeValues, HaveAsManyBytesAsTheirDatatype) {
  const std::pair<const char*, size_t> sizes[] = {
      {"BOOL", 1},  {"INT8", 1},   {"UINT8", 1}, {"INT16", 2},  {"FP16", 2},
      {"BF16", 2},  {"UINT16", 2}, {"INT32", 4}, {"UINT32", 4}, {"FP32", 4},
      {"INT64", 8}, {"UINT64", 8}, {"FP64", 8}};
  for (const auto& [type, size] : sizes) {
    EXPECT_EQ(made_bytes({"x", type, {3, 2}}, 1).size(), 6 * size) << type;
  }
}

}  // namespace
}  // namespace maas
