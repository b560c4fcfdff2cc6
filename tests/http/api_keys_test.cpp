#include "http/api_keys.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "http/recorded_exchange.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

ApiKeyConfig key_of(const std::string& key, std::vector<std::string> scopes, double rate = 0) {
  return {key + "'s owner", sha256_hex(key), std::move(scopes), rate};
}

HttpRefusal judged(ApiKeys& keys, RouteScope scope, const std::string& header,
                   const std::string& value) {
  return keys.judge(RecordedExchange("GET", "/", {{header, value}}), scope);
}

TEST(ApiKeys, AreTakenFromEitherHeader) {
  ApiKeys keys({{key_of("secret", {"infer"})}});
  EXPECT_EQ(judged(keys, RouteScope::kInfer, "Authorization", "Bearer secret").status, 0);
  EXPECT_EQ(judged(keys, RouteScope::kInfer, "Authorization", "bearer secret").status, 0);
  EXPECT_EQ(judged(keys, RouteScope::kInfer, "X-Api-Key", "secret").status, 0);
  std::string who;
  keys.judge(RecordedExchange("GET", "/", {{"X-Api-Key", "secret"}}), RouteScope::kInfer, &who);
  EXPECT_EQ(who, "secret's owner");
}

TEST(ApiKeys, ThatAreUnknownOrMissingAre401) {
  ApiKeys keys({{key_of("secret", {"infer"})}});
  for (const auto& [header, value] :
       std::vector<std::pair<std::string, std::string>>{{"Accept", "x"},
                                                        {"X-Api-Key", ""},
                                                        {"X-Api-Key", "Secret"},
                                                        {"X-Api-Key", "secret "},
                                                        {"Authorization", "secret"},
                                                        {"Authorization", "Basic secret"},
                                                        {"Authorization", "Bearer"},
                                                        {"X-Api-Key", std::string(10000, 's')}}) {
    const HttpRefusal refusal = judged(keys, RouteScope::kInfer, header, value);
    EXPECT_EQ(refusal.status, 401) << header << value;
    ASSERT_EQ(refusal.headers.others.size(), 1);
    EXPECT_EQ(refusal.headers.others[0].first, "WWW-Authenticate");
  }
  EXPECT_EQ(judged(keys, RouteScope::kPublic, "Accept", "x").status, 0);
}

TEST(ApiKeys, OfTwoHeadersMustBeTheSame) {
  ApiKeys keys({{key_of("one", {"infer"}), key_of("two", {"infer"})}});
  const auto status = [&](const char* bearer, const char* plain) {
    const RecordedExchange both(
        "GET", "/", {{"Authorization", std::string("Bearer ") + bearer}, {"X-Api-Key", plain}});
    return keys.judge(both, RouteScope::kInfer).status;
  };
  EXPECT_EQ(status("one", "one"), 0);
  EXPECT_EQ(status("one", "two"), 400);
}

TEST(ApiKeys, AreGoodForTheirScopes) {
  ApiKeys keys({{key_of("i", {"infer"}), key_of("m", {"metrics"}), key_of("a", {"admin"})}});
  const auto status = [&](const char* key, RouteScope scope) {
    return judged(keys, scope, "X-Api-Key", key).status;
  };
  EXPECT_EQ(status("i", RouteScope::kMetrics), 403);
  EXPECT_EQ(status("m", RouteScope::kMetrics), 0);
  EXPECT_EQ(status("m", RouteScope::kInfer), 403);
  EXPECT_EQ(status("i", RouteScope::kAdmin), 403);
  EXPECT_EQ(status("a", RouteScope::kAdmin) + status("a", RouteScope::kInfer), 0);
}

TEST(ApiKeys, AskNoMoreOftenThanTheyMay) {
  ApiKeys keys({{key_of("slow", {"infer"}, 3), key_of("free", {"infer"})}});
  const auto ask = [&](const char* key) {
    return judged(keys, RouteScope::kInfer, "X-Api-Key", key);
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("slow").status, 0);
  EXPECT_EQ(ask("slow").status, 429);
  EXPECT_EQ(ask("slow").headers.retry_after_seconds, 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(ask("free").status, 0);
  // Reading the file again gives nobody more.
  keys.replace({{key_of("slow", {"infer"}, 3)}});
  EXPECT_EQ(ask("slow").status, 429);
  EXPECT_EQ(ask("free").status, 401);
}

TEST(ApiKeys, NewOnesAreLongAndDiffer) {
  const std::string one = new_api_key(), two = new_api_key();
  EXPECT_NE(one, two);
  EXPECT_EQ(one.size(), 48);
  EXPECT_THAT(one, testing::StartsWith("maas_"));
}

TEST(ApiKeys, OfAFileAreCheckedWhenItIsRead) {
  const Scratch scratch;
  const auto refusal = [&](const std::string& text) -> std::string {
    try {
      read_api_keys(scratch.write("keys.yaml", text));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto entry = [](const std::string& name, const std::string& key, const char* scopes) {
    return fmt::format("  - name: {}\n    sha256: {}\n    scopes: {}\n", name, sha256_hex(key),
                       scopes);
  };
  EXPECT_EQ(refusal("keys:\n" + entry("a", "x", "[infer]") + entry("b", "y", "[metrics]")), "");
  EXPECT_THAT(refusal("keys: []\n"), HasSubstr("holds no keys"));
  EXPECT_THAT(refusal("keys:\n" + entry("a", "x", "[infer, write]")), HasSubstr("scope 'write'"));
  EXPECT_THAT(refusal("keys:\n" + entry("a", "x", "[infer]") + entry("a", "y", "[infer]")),
              HasSubstr("key 'a' is there twice"));
  EXPECT_THAT(refusal("keys:\n" + entry("a", "x", "[infer]") + entry("b", "x", "[infer]")),
              HasSubstr("key 'b' is there twice"));
  EXPECT_THAT(refusal("keys:\n  - {name: a, sha256: secret, scopes: [infer]}\n"),
              HasSubstr("is no digest"));
  EXPECT_THAT(refusal("keys:\n  - {name: a, key: secret}\n"), HasSubstr("key"));
}

}  // namespace
}  // namespace maas
