#include "output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/json_writer.h"

namespace maas {
namespace {

void write_problem(JsonWriter& json, const Problem& problem, ErrorKind kind) {
  json.begin_object().field("where", problem.where).field("what", problem.what);
  json.field("expected", problem.expected).field("fix", problem.fix);
  json.field("exit", static_cast<int>(kind)).end_object();
}

}  // namespace

void Output::result(const std::string& text) const {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                       std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (written) return;
  throw Error(ErrorKind::kResources,
              {.where = "stdout",
               .what = std::string("cannot be written: ") + std::strerror(errno),
               .expected = "",
               .fix = "free some space where stdout goes",
               .excerpt = ""});
}

void Output::say(const std::string& text) const {
  if (!options.quiet) std::fprintf(stderr, "%s\n", text.c_str());
}

void Output::warn(const std::string& text) const {
  const char* start = color() ? "\033[33m" : "";
  const char* end = color() ? "\033[0m" : "";
  if (!options.quiet) std::fprintf(stderr, "%swarning:%s %s\n", start, end, text.c_str());
}

bool Output::terminal() const { return ::isatty(STDERR_FILENO) == 1; }

bool Output::color() const {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  return terminal() && !options.no_color && (no_color == nullptr || *no_color == 0) && !dumb;
}

int Output::fail(const Error& error) const {
  const int code = static_cast<int>(error.kind());
  if (options.json) {
    JsonWriter json;
    json.begin_object().key("error");
    write_problem(json, error.first(), error.kind());
    json.key("problems").begin_array();
    for (const Problem& problem : error.problems()) write_problem(json, problem, error.kind());
    json.end_array().end_object();
    std::printf("%s\n", json.text().c_str());
    std::fflush(stdout);
    return code;
  }
  const std::string prefix = verb.empty() ? "maas" : "maas " + verb;
  for (const Problem& problem : error.problems()) {
    std::fprintf(stderr, "%s: %s\n", prefix.c_str(), problem.text().c_str());
  }
  return code;
}

}  // namespace maas
