#include "serve/page/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/content_coding.h"
#include "serve/asked_routes.h"
#include "serve/page/assets.h"
#include "serve/sample_models.h"

namespace maas {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Page : testing::Test, AskedRoutes {
  Page()
      : AskedRoutes(std::make_shared<StubSession>(
                        image_model(), [](const std::vector<at::Tensor>& in) { return in; }),
                    [](const ServerState&) { return page_routes(); }) {}
};

TEST_F(Page, IsWholeWithoutAnyOtherServer) {
  EXPECT_EQ(get("/").body, kPageHtml);
  EXPECT_EQ(get("/").headers.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/page.css").headers.content_type, "text/css; charset=utf-8");
  EXPECT_EQ(get("/page.js").headers.content_type, "text/javascript; charset=utf-8");
  for (const char* path : {"/", "/page.css", "/page.js"}) {
    EXPECT_EQ(get(path).status, 200);
    EXPECT_THAT(get(path).body, Not(HasSubstr("https://"))) << path;
  }
}

TEST_F(Page, RunsNothingButItsOwnFiles) {
  for (const auto& [name, value] : get("/").headers.others) {
    if (name != "Content-Security-Policy") continue;
    EXPECT_THAT(value, HasSubstr("default-src 'none'"));
    EXPECT_THAT(value, HasSubstr("script-src 'self'"));
    EXPECT_THAT(value, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(value, Not(HasSubstr("unsafe")));
  }
  const std::string html(kPageHtml);
  for (const char* inside : {"<style", " style=", " onclick=", "<script>"}) {
    EXPECT_THAT(html, Not(HasSubstr(inside)));
  }
  const std::string script(kPageScript);
  for (const char* unsafe : {"innerHTML", "eval(", "document.write", "insertAdjacentHTML"}) {
    EXPECT_THAT(script, Not(HasSubstr(unsafe)));
  }
}

TEST_F(Page, IsSmall) {
  EXPECT_LT(kPageHtml.size() + kPageStyle.size() + kPageScript.size(), size_t{30} * 1024);
}

}  // namespace
}  // namespace maas
