// A TensorBoard event file: scalars that `tensorboard --logdir` shows.
//
// TFRecord frames (u64 length, masked CRC32C of it, bytes, masked CRC32C of them) around
// hand-encoded `Event` protobufs; numbers little-endian. The file begins with the version record;
// on a resume a session start follows, at which TensorBoard forgets what the interrupted run wrote
// for later steps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "record/append_file.h"

namespace maas {

// Not for use by several threads at once.
class EventFile {
 public:
  // Creates folder/events.tfevents.<unix time>.<host>.<process id>, never touching an older file; a
  // run that is resumed after step S gives `resumed_after` = S and so gets a file of its own.
  // Throws Error{kResources} naming the path.
  explicit EventFile(const std::filesystem::path& folder,
                     std::optional<int64_t> resumed_after = std::nullopt);
  ~EventFile();  // flushes
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  // Adds one point. Kept in memory up to 64 KiB; `value` is stored as float32.
  void scalar(std::string_view tag, double value, int64_t step);

  // Writes what is kept. A failed write (a full disk) loses those points and throws nothing:
  // training matters more than its log. The file stays readable, cut back to its last whole record.
  void flush();

  int64_t lost() const { return lost_; }  // points that could not be written, so far
  const std::filesystem::path& path() const { return path_; }

 private:
  void add_record(std::string_view event);

  std::filesystem::path path_;
  std::optional<AppendFile> file_;
  std::string pending_;
  int64_t pending_points_ = 0;
  int64_t lost_ = 0;
};

}  // namespace maas
