#include "output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/shown_text.h"

namespace maas {
namespace {

// What holds a cell or all names of a table is as long as the user's file: no more than what a
// reader takes in, whole characters.
std::string cut(std::string_view text) {
  constexpr size_t kMost = 2000;  // bytes
  if (text.size() <= kMost) return std::string(text);
  size_t end = kMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) >> 6) == 2) --end;
  return fmt::format("{}… ({} bytes)", text.substr(0, end), text.size());
}

Problem cut(const Problem& problem) {
  return {.where = cut(problem.where),
          .what = cut(problem.what),
          .expected = cut(problem.expected),
          .fix = cut(problem.fix),
          .excerpt = cut(problem.excerpt)};
}

void write_problem(JsonWriter& json, const Problem& whole, ErrorKind kind) {
  const Problem problem = cut(whole);
  json.begin_object().field("where", problem.where).field("what", problem.what);
  json.field("expected", problem.expected).field("fix", problem.fix);
  json.field("exit", static_cast<int>(kind)).end_object();
}

bool write_line(std::string_view text) {
  const bool ended = !text.empty() && text.back() == '\n';
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         (ended || std::fputc('\n', stdout) != EOF) && std::fflush(stdout) == 0;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != 0;
}

}  // namespace

void Output::result(std::string_view text) const {
  data(json() ? std::string(text) : terminal_text(text));
}

void Output::data(std::string_view text) const {
  has_result_ = true;
  if (write_line(text)) return;
  if (errno == EPIPE) throw StdoutClosed{};
  throw Error(ErrorKind::kResources,
              {.where = "stdout",
               .what = std::string("cannot be written: ") + std::strerror(errno),
               .expected = "",
               .fix = errno == ENOSPC ? "free some space where stdout goes"
                                      : "give a stdout that can be written"});
}

void Output::say(const std::string& text) const {
  if (!options.quiet) std::fprintf(stderr, "%s\n", terminal_text(text).c_str());
}

void Output::detail(const std::string& text) const {
  if (options.verbosity > 0) say(text);
}

void Output::warn(const std::string& text) const {
  const char* start = color() ? "\033[33m" : "";
  const char* end = color() ? "\033[0m" : "";
  if (options.quiet) return;
  std::fprintf(stderr, "%swarning:%s %s\n", start, end, terminal_text(cut(text)).c_str());
}

bool Output::terminal() const { return ::isatty(STDERR_FILENO) == 1; }

bool Output::live() const {
  const char* term = std::getenv("TERM");
  return terminal() && term != nullptr && std::strcmp(term, "dumb") != 0;
}

bool Output::color() const { return live() && !options.no_color && !is_set("NO_COLOR"); }

int Output::width() const {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void Output::print_problems(const Error& error) const {
  const char* start = color() ? "\033[31m" : "";
  const char* end = color() ? "\033[0m" : "";
  const std::string prefix = verb.empty() ? "maas" : "maas " + verb;
  for (const Problem& problem : error.problems()) {
    std::fprintf(stderr, "%s%s:%s %s\n", start, prefix.c_str(), end,
                 terminal_text(cut(problem).text()).c_str());
  }
}

int Output::fail(const Error& error) const {
  const int code = static_cast<int>(error.kind());
  if (!options.json || has_result_) {
    print_problems(error);
    return code;
  }
  JsonWriter json;
  json.begin_object();
  write_error(json, error);
  json.end_object();
  if (!write_line(json.text()) && errno != EPIPE) print_problems(error);
  return code;
}

void write_error(JsonWriter& json, const Error& error) {
  json.key("error");
  write_problem(json, error.first(), error.kind());
  json.key("problems").begin_array();
  for (const Problem& problem : error.problems()) write_problem(json, problem, error.kind());
  json.end_array();
}

void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1) continue;
    // Open for the wrong direction, so that using it is an error as it would have been.
    const int opened = ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened != stream && opened >= 0) ::close(opened);
  }
}

}  // namespace maas
