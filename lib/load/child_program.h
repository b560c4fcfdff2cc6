// Another program that runs as long as its object.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace maas {

// Its stdout is read here, its stderr kept (1 MiB at most) for the case that it fails. It is sent
// SIGTERM when the object goes, or when this process dies, and SIGKILL five seconds later.
class ChildProgram {
 public:
  // Throws Error{kResources} when it cannot be started. `words`: the program's path and what it
  // gets.
  explicit ChildProgram(const std::vector<std::string>& words);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  // The first line that it writes, without its end. "" when it ends before, or writes nothing in
  // time, or more than 64 KiB.
  std::string first_line(double seconds);
  std::string errors() const;  // what it wrote to stderr so far

 private:
  pid_t process_ = -1;
  int output_ = -1, errors_ = -1;
};

}  // namespace maas
