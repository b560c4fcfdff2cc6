#include "http/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

// T13
TEST(AccessLog, IsOneEscapedLineWhateverTheClientSends) {
  EXPECT_EQ(log_escaped("/v2\r\nforged"), "/v2\\x0d\\x0aforged");
  EXPECT_EQ(log_escaped("\x1b[2J\"\\\x7f\xC3\xA9"), "\\x1b[2J\\x22\\x5c\\x7f\\xc3\\xa9");
  EXPECT_EQ(log_escaped(std::string(1000, 'a'), 10), "aaaaaaaaaa...");
  EXPECT_EQ(log_escaped("plain text, 1 < 2"), "plain text, 1 < 2");
}

TEST(AccessLog, HasMethodTargetStatusAndSize) {
  log_failure("makes the logger");
  const auto logger = spdlog::get("maas");
  ASSERT_NE(logger, nullptr);
  std::ostringstream lines;
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(lines);
  sink->set_pattern("%v");
  logger->sinks().push_back(sink);
  const auto level = logger->level();
  logger->set_level(spdlog::level::debug);
  RequestHead head;
  head.method = "GET";
  head.target = "/v2\n";
  HttpResponse response;
  response.body = "{}";
  debug_log(head, response, 1500);
  log_failure("what\never");
  EXPECT_EQ(lines.str(), "\"GET /v2\\x0a\" 200 2 bytes 1 us\nwhat\\x0aever\n");
  logger->sinks().pop_back();
  logger->set_level(level);
}

std::string logged(const RequestNotes& notes, const std::string& target,
                   const std::string& trace = "") {
  const Scratch scratch;
  RequestHead head;
  head.method = "POST";
  head.target = target;
  HttpResponse response;
  response.body = "{}";
  AccessLog log(scratch.path("access.log"));
  log.write({head, response.status, response.body.size(), notes, "127.0.0.1", trace, 7, 1'500'000});
  return scratch.read("access.log");
}

TEST(AccessLog, IsALineOfJsonForEachRequest) {
  const std::string line = logged({}, "/v2");
  EXPECT_THAT(line, testing::StartsWith("{\"time\":\"20"));
  EXPECT_THAT(line, testing::EndsWith(
                        "Z\",\"client\":\"127.0.0.1\",\"method\":\"POST\",\"path\":\"/v2\","
                        "\"status\":200,\"bytes_in\":7,\"bytes_out\":2,\"seconds\":0.0015}\n"));
}

TEST(AccessLog, SaysOfAnInferenceWhatItWasAndHowLongItWaited) {
  const std::string line = logged({"alice", "net", "2", "a\"b", 0.25, 0.5}, "/v2");
  EXPECT_THAT(line, HasSubstr("\"key\":\"alice\""));
  EXPECT_THAT(line, HasSubstr("\"model\":\"net\",\"version\":\"2\",\"id\":\"a\\\"b\","
                              "\"queue_seconds\":0.25,\"compute_seconds\":0.5"));
}

TEST(AccessLog, HoldsNoLineThatAClientForged) {
  const std::string line = logged({}, "/v2\n{\"status\":200}\xff");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr("/v2\\\\x0a{"));
}

TEST(AccessLog, HasTheTraceThatTheClientIsIn) {
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_THAT(logged({}, "/", parent),
              HasSubstr("\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\""));
  EXPECT_THAT(logged({}, "/", "00-x"), testing::Not(HasSubstr("trace")));
  EXPECT_THAT(logged({}, "/", std::string(55, '-')), testing::Not(HasSubstr("trace")));
}

TEST(AccessLog, GoesOnInANewFileWhenItIsOpenedAgain) {
  const Scratch scratch;
  AccessLog log(scratch.path("a.log"));
  log.write({{}, 200, 0, {}, "1", "", 0, 0});
  std::filesystem::rename(scratch.path("a.log"), scratch.path("a.log.1"));
  log.write({{}, 200, 0, {}, "2", "", 0, 0});
  log.reopen();
  log.write({{}, 200, 0, {}, "3", "", 0, 0});
  EXPECT_THAT(scratch.read("a.log.1"), HasSubstr("\"client\":\"2\""));
  EXPECT_THAT(scratch.read("a.log"), HasSubstr("\"client\":\"3\""));
  EXPECT_THROW(AccessLog(scratch.path("nowhere/a.log")), Error);
}

}  // namespace
}  // namespace maas
