#include "serve/queued_inference.h"

#include <new>
#include <string_view>

#include "base/error.h"
#include "http/access_log.h"
#include "http/reply.h"

namespace maas {
namespace {

// In one line, without the fix that is for those who run the server.
std::string client_text(const Error& error) {
  const Problem& problem = error.first();
  std::string text = problem.where + " " + problem.what;
  if (!problem.expected.empty()) text += "; expected " + problem.expected;
  return text;
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
