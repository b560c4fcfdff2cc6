// https://docs.kernel.org/userspace-api/landlock.html; glibc has no wrappers.
#include "serve/sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "base/error.h"

namespace maas {
namespace {

constexpr uint64_t kWriting = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                              LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                              LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                              LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                              LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

[[noreturn]] void refuse(const char* what) {
  throw Error(ErrorKind::kResources,
              Problem{.where = "serve.sandbox",
                      .what = std::string(what) + ": " + std::generic_category().message(errno),
                      .expected = "a kernel with Landlock (Linux 5.13 or newer, enabled at boot)",
                      .fix = "leave serve.sandbox out, or run the server in a container"});
}

class Ruleset {
 public:
  Ruleset() {
    landlock_ruleset_attr attributes{};
    attributes.handled_access_fs = kWriting | LANDLOCK_ACCESS_FS_EXECUTE;
    file_ =
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
    if (file_ < 0) refuse("the kernel has no Landlock");
  }
  ~Ruleset() { ::close(file_); }
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;

  void allow_writing(const std::filesystem::path& folder) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = kWriting;
    rule.parent_fd = ::open(folder.c_str(), O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) refuse(folder.c_str());
    const long failed =
        ::syscall(SYS_landlock_add_rule, file_, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    ::close(rule.parent_fd);
    if (failed != 0) refuse(folder.c_str());
  }

  void enforce() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) refuse("no_new_privs");
    if (::syscall(SYS_landlock_restrict_self, file_, 0) != 0) refuse("Landlock");
  }

 private:
  int file_ = -1;
};

}  // namespace

void enter_sandbox(const std::vector<std::filesystem::path>& writable) {
  Ruleset rules;
  for (const auto& folder : writable) rules.allow_writing(folder);
  rules.enforce();
}

}  // namespace maas
