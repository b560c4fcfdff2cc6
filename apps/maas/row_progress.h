// How far the work on a long input has come, on stderr.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "output.h"

namespace maas {

// On a terminal a line that is written again, else a line every 30 seconds; nothing in the first
// second, nor with --quiet.
class RowProgress {
 public:
  explicit RowProgress(const Output& output);
  ~RowProgress();
  RowProgress(const RowProgress&) = delete;
  RowProgress& operator=(const RowProgress&) = delete;

  // `done` of `all` bytes were read; 0 = not known how many there are.
  struct Bytes {
    uint64_t done = 0, all = 0;
  };
  void show(const std::string& input, int64_t rows, const Bytes& bytes);
  void clear();  // before something else is said

 private:
  using Clock = std::chrono::steady_clock;
  const Output& output_;
  Clock::time_point start_, last_;
  bool open_ = false;
};

}  // namespace maas
