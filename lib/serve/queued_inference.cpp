#include "serve/queued_inference.h"

#include <algorithm>
#include <new>
#include <string_view>

#include "base/error.h"
#include "http/access_log.h"
#include "http/reply.h"

namespace maas {
namespace {

// gRPC has it in a header, of which clients take 8 KiB.
constexpr size_t kMostTextBytes = 2000;

// In one line, without the fix that is for those who run the server. What a client sent may be part
// of it.
std::string client_text(const Error& error) {
  const Problem& problem = error.first();
  std::string text = problem.where + " " + problem.what;
  if (!problem.expected.empty()) text += "; expected " + problem.expected;
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  if (text.size() <= kMostTextBytes) return text;
  size_t end = kMostTextBytes;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
  return text.substr(0, end) + "...";
}

InferenceFailure failed(std::string_view what) {
  log_failure(what);
  return {500, "the model failed on this request; the server's log says why"};
}

}  // namespace

InferenceFailure failure_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::kInput ? InferenceFailure{400, client_text(error)}
                                             : failed(error.what());
  } catch (const RefusedRequest& refused) {
    const HttpRefusal& refusal = refused.refusal();
    return {refusal.status, refusal.message, refusal.headers.retry_after_seconds};
  } catch (const std::bad_alloc&) {
    log_failure("out of memory in an inference");
    return {503, "out of memory; send less at once"};
  } catch (const std::exception& error) {
    return failed(error.what());
  }
}

}  // namespace maas
