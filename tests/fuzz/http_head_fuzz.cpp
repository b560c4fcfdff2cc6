// Any bytes as the head of an HTTP request: the same verdict whole and byte by byte, and a path
// that lies inside its target.
#include <cstdlib>
#include <vector>

#include "http/head.h"
#include "http/router.h"

namespace {

using maas::HeadScanner;

const std::vector<maas::Route>& routes() {
  static const std::vector<maas::Route> list = {
      {"GET", "/v2", maas::RouteScope::kPublic, {}},
      {"GET", "/v2/models/{model}", maas::RouteScope::kPublic, {}},
      {"POST", "/v2/models/{model}/versions/{version}/infer", maas::RouteScope::kInfer, {}},
  };
  return list;
}

// The request line and headers as a parser would hand them on.
maas::RequestHead head_of(std::string_view text) {
  maas::RequestHead head;
  size_t line_number = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find("\r\n"));
    text.remove_prefix(std::min(text.size(), line.size() + 2));
    if (line_number++ == 0) {
      const size_t space = line.find(' ');
      head.method = line.substr(0, space);
      if (space != line.npos) head.target = line.substr(space + 1, line.rfind(' ') - space - 1);
    } else if (const size_t colon = line.find(':'); colon != line.npos) {
      head.add_header(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  return head;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  HeadScanner whole({}), slow({});
  const HeadScanner::State verdict = whole.scan(text);
  HeadScanner::State state = HeadScanner::State::kNeedMore;
  for (size_t end = 1; end <= size && state == HeadScanner::State::kNeedMore; ++end) {
    state = slow.scan(text.substr(0, end));
  }
  // A limit may be met at another byte when all comes at once, but it is met.
  const bool limit = whole.status() == 431 || whole.status() == 414 || slow.status() == 431;
  if (state != verdict && !(size == 0 || limit)) std::abort();
  if (verdict == HeadScanner::State::kComplete && whole.head_bytes() > size) std::abort();

  maas::RequestHead head = head_of(text);
  const maas::HeadRefusal refusal = maas::check_head(head, {});
  if (refusal.status == 0) {
    if (head.path().size() > head.target.size()) std::abort();
    maas::RouteMatch match;
    maas::find_route(routes(), head.method, head.path(), match);
    if (match["model"].size() > head.path().size()) std::abort();
  }
  return 0;
}
