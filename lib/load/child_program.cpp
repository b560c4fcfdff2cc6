#include "load/child_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/error.h"

namespace maas {
namespace {

constexpr size_t kLongestLine = 64 << 10;
constexpr size_t kMostErrors = 1 << 20;
constexpr auto kPatience = std::chrono::seconds(5);

[[noreturn]] void fail(const std::string& program) {
  throw Error(ErrorKind::kResources, {.where = program,
                                      .what = std::string("cannot be started: ") + strerror(errno),
                                      .expected = "",
                                      .fix = ""});
}

}  // namespace

ChildProgram::ChildProgram(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(words[0]);
  output_ = ends[0];
  errors_ = ::memfd_create("stderr", MFD_CLOEXEC);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  process_ = errors_ < 0 ? -1 : ::fork();
  if (process_ == 0) {
    // Only what is allowed between fork and exec.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(errors_, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  if (process_ < 0) {
    ::close(output_);
    if (errors_ >= 0) ::close(errors_);
    fail(words[0]);
  }
}

ChildProgram::~ChildProgram() {
  ::kill(process_, SIGTERM);
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (::waitpid(process_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > until) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ::close(output_);
  ::close(errors_);
}

std::string ChildProgram::first_line(double seconds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::string line;
  while (line.size() < kLongestLine) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd waited{output_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waited, 1, static_cast<int>(left.count())) <= 0) return "";
    char bytes[4096];
    const ssize_t got = ::read(output_, bytes, sizeof bytes);
    if (got <= 0) return "";
    line.append(bytes, static_cast<size_t>(got));
    const size_t end = line.find('\n');
    if (end != std::string::npos) return line.substr(0, end);
  }
  return "";
}

std::string ChildProgram::errors() const {
  std::string text(kMostErrors, '\0');
  const ssize_t got = ::pread(errors_, text.data(), text.size(), 0);
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, got)));
  return text;
}

}  // namespace maas
