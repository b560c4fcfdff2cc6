#include "record/event_file.h"

#include <unistd.h>

#include <array>
#include <bit>
#include <chrono>
#include <cstring>

#include "base/error.h"

namespace maas {
namespace {

constexpr size_t kMostPendingBytes = size_t{64} << 10;

constexpr std::array<uint32_t, 256> crc32c_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    table[i] = crc;
  }
  return table;
}

// CRC-32C (Castagnoli), rotated and offset as TFRecord wants it.
uint32_t masked_crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = crc32c_table();
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  crc = ~crc;
  return std::rotr(crc, 15) + 0xA282EAD8u;
}

template <class T>
void append_little_endian(std::string& out, T number) {
  static_assert(std::endian::native == std::endian::little);
  char bytes[sizeof(T)];
  std::memcpy(bytes, &number, sizeof(T));
  out.append(bytes, sizeof(T));
}

// Protobuf's wire format: a key (field number, wire type), then the value.
enum WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

void append_varint(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

void append_key(std::string& out, uint32_t field, WireType type) {
  append_varint(out, (uint64_t{field} << 3) | type);
}

void append_bytes(std::string& out, uint32_t field, std::string_view bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

// Event: 1 wall_time, 2 step, 3 file_version, 5 summary, 7 session_log.
std::string event_head(int64_t step) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  std::string event;
  append_key(event, 1, kFixed64);
  append_little_endian(event, now.count());
  append_key(event, 2, kVarint);
  append_varint(event, static_cast<uint64_t>(step));
  return event;
}

std::string host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') return "localhost";
  std::string result = name;
  for (char& c : result) {
    if (c == '/') c = '_';
  }
  return result;
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder, std::optional<int64_t> resumed_after) {
  const std::chrono::seconds now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const std::string stem = "events.tfevents." + std::to_string(now.count()) + "." + host_name() +
                           "." + std::to_string(::getpid());
  path_ = folder / stem;
  for (int n = 1; std::filesystem::exists(path_) && n < 1000; ++n) {
    path_ = folder / (stem + "." + std::to_string(n));
  }
  file_.emplace(path_, OpenAs::kNew);
  std::string version = event_head(0);
  append_bytes(version, 3, "brain.Event:2");
  add_record(version);
  if (resumed_after) {
    std::string session;
    append_key(session, 1, kVarint);
    append_varint(session, 1);                           // SessionLog.status = START
    std::string event = event_head(*resumed_after + 1);  // points from this step on are forgotten
    append_bytes(event, 7, session);
    add_record(event);
  }
  flush();
}

EventFile::~EventFile() { flush(); }

void EventFile::scalar(std::string_view tag, double value, int64_t step) {
  std::string entry;  // Summary.Value: 1 tag, 2 simple_value
  append_bytes(entry, 1, tag);
  append_key(entry, 2, kFixed32);
  append_little_endian(entry, static_cast<float>(value));
  std::string summary;
  append_bytes(summary, 1, entry);
  std::string event = event_head(step);
  append_bytes(event, 5, summary);
  add_record(event);
  ++pending_points_;
  if (pending_.size() >= kMostPendingBytes) flush();
}

void EventFile::flush() {
  if (!pending_.empty() && !file_->append(pending_)) lost_ += pending_points_;
  pending_.clear();
  pending_points_ = 0;
}

void EventFile::add_record(std::string_view event) {
  std::string length;
  append_little_endian(length, static_cast<uint64_t>(event.size()));
  pending_ += length;
  append_little_endian(pending_, masked_crc32c(length));
  pending_ += event;
  append_little_endian(pending_, masked_crc32c(event));
}

}  // namespace maas
