#include "http/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <sstream>

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
  access_log(head, response, 1500);
  log_failure("what\never");
  EXPECT_EQ(lines.str(), "\"GET /v2\\x0a\" 200 2 bytes 1 us\nwhat\\x0aever\n");
  logger->sinks().pop_back();
  logger->set_level(level);
}

}  // namespace
}  // namespace maas
