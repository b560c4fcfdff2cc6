// How long libgomp's threads spin for work before they sleep. Its own default, some milliseconds,
// makes a step take several times as long where other processes want the cores, too. It asks for
// GOMP_SPINCOUNT when it is loaded, before main() and before any constructor here: so the program
// answers its getenv() itself. The user's own setting of it, or of OMP_WAIT_POLICY, holds.
#include <unistd.h>

#include <string_view>

namespace {

constexpr std::string_view kAsked = "GOMP_SPINCOUNT";
char spin_count[] = "1000";  // NOLINT: getenv() gives what may be written to

char* set_by_user(std::string_view name) {
  if (environ == nullptr) return nullptr;  // while the C library starts
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=') {
      return *entry + name.size() + 1;
    }
  }
  return nullptr;
}

}  // namespace

// Takes the place of the C library's for the whole process, and does the same.
extern "C" char* getenv(const char* name) noexcept {
  char* found = set_by_user(name);
  if (found != nullptr || name != kAsked) return found;
  return set_by_user("OMP_WAIT_POLICY") == nullptr ? spin_count : nullptr;
}
