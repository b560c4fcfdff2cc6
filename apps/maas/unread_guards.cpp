#include "unread_guards.h"

namespace maas {

void tell_unread_guards(const Program& program, const Output& output) {
  for (const std::string& guard : program.unread_guards) {
    output.detail("a condition of the file that is not checked: " + guard);
  }
}

}  // namespace maas
