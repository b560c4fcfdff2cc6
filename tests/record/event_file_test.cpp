#include "record/event_file.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "support/full_disk.h"
#include "train/run_scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A reader that shares nothing with the writer: CRC-32C bit by bit, protobuf by its wire format.
uint32_t crc32c(const std::string& bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1u)));
  }
  return ~crc;
}

uint32_t masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

template <class T>
T read_as(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.substr(at, sizeof(T)).data(), sizeof(T));
  return value;
}

struct WireField {
  uint32_t number = 0;
  uint64_t integer = 0;  // varint or fixed
  std::string bytes;
};

uint64_t take_varint(const std::string& message, size_t& at) {
  uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<uint8_t>(message.at(at++));
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) return value;
  }
}

std::vector<WireField> fields_of(const std::string& message) {
  std::vector<WireField> fields;
  for (size_t at = 0; at < message.size();) {
    const uint64_t key = take_varint(message, at);
    WireField field;
    field.number = static_cast<uint32_t>(key >> 3);
    const size_t fixed = (key & 7) == 1 ? 8 : (key & 7) == 5 ? 4 : 0;
    if ((key & 7) == 0) {
      field.integer = take_varint(message, at);
    } else {
      const size_t size = fixed > 0 ? fixed : take_varint(message, at);
      field.bytes = message.substr(at, size);
      at += size;
    }
    fields.push_back(field);
  }
  return fields;
}

struct Event {
  double time = 0;
  int64_t step = 0;
  std::string version, tag;
  float value = 0;
  bool session_start = false;
};

Event read_event(const std::string& message) {
  Event event;
  for (const WireField& field : fields_of(message)) {
    if (field.number == 1) event.time = read_as<double>(field.bytes, 0);
    if (field.number == 2) event.step = static_cast<int64_t>(field.integer);
    if (field.number == 3) event.version = field.bytes;
    if (field.number == 7) event.session_start = field.bytes == std::string("\x08\x01", 2);
    if (field.number != 5) continue;
    for (const WireField& part : fields_of(fields_of(field.bytes).at(0).bytes)) {
      if (part.number == 1) event.tag = part.bytes;
      if (part.number == 2) event.value = read_as<float>(part.bytes, 0);
    }
  }
  return event;
}

// Every record of the file; fails the test on a wrong checksum or a torn record.
std::vector<Event> read_events(const std::filesystem::path& path) {
  const std::string file = read_file(path);
  std::vector<Event> events;
  for (size_t at = 0; at < file.size();) {
    EXPECT_LE(at + 12, file.size());
    const uint64_t length = read_as<uint64_t>(file, at);
    EXPECT_EQ(read_as<uint32_t>(file, at + 8), masked(crc32c(file.substr(at, 8))));
    EXPECT_LE(at + 16 + length, file.size());
    const std::string message = file.substr(at + 12, length);
    EXPECT_EQ(read_as<uint32_t>(file, at + 12 + length), masked(crc32c(message)));
    events.push_back(read_event(message));
    at += 16 + length;
  }
  return events;
}

class EventFileTest : public RunScratch {};

TEST(Crc32c, HasTheKnownCheckValue) { EXPECT_EQ(crc32c("123456789"), 0xE3069283u); }

TEST_F(EventFileTest, FramesWhatTensorBoardReads) {
  EventFile file(folder_);
  file.scalar("loss/train", 0.25, 10);
  file.scalar("loss/train", std::nan(""), 300000);
  file.flush();
  const std::vector<Event> events = read_events(file.path());
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].version, "brain.Event:2");
  EXPECT_GT(events[0].time, 1.6e9);
  EXPECT_EQ(events[1].tag, "loss/train");
  EXPECT_EQ(events[1].step, 10);
  EXPECT_EQ(events[1].value, 0.25f);
  EXPECT_EQ(events[2].step, 300000);
  EXPECT_TRUE(std::isnan(events[2].value));
  EXPECT_EQ(file.lost(), 0);
}

TEST_F(EventFileTest, CarriesTimeHostAndProcessInItsName) {
  const EventFile file(folder_);
  EXPECT_THAT(file.path().filename().string(), StartsWith("events.tfevents."));
  EXPECT_THAT(file.path().filename().string(), HasSubstr("." + std::to_string(::getpid())));
}

TEST_F(EventFileTest, NeverTouchesAnOlderFile) {
  const EventFile first(folder_), second(folder_);
  EXPECT_NE(first.path(), second.path());
  EXPECT_EQ(read_events(first.path()).size(), 1u);
}

TEST_F(EventFileTest, MarksTheStepAfterWhichItResumes) {
  const EventFile file(folder_, 500);
  const std::vector<Event> events = read_events(file.path());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_TRUE(events[1].session_start);
  EXPECT_EQ(events[1].step, 501);  // TensorBoard forgets older points from here on
}

TEST_F(EventFileTest, WritesByItselfWhenMuchIsPending) {
  EventFile file(folder_);
  for (int i = 0; i < 3000; ++i) file.scalar("some/rather/long/name", i, i);
  EXPECT_GT(std::filesystem::file_size(file.path()), size_t{64} << 10);
}

TEST_F(EventFileTest, CountsWhatAFullDiskLosesAndStaysReadable) {
  EventFile file(folder_);
  file.scalar("a", 1, 1);
  file.flush();
  {
    const FullDisk full(std::filesystem::file_size(file.path()) + 20);
    file.scalar("a", 2, 2);
    file.scalar("a", 3, 3);
    file.flush();
  }
  EXPECT_EQ(file.lost(), 2);
  file.scalar("a", 4, 4);
  file.flush();
  const std::vector<Event> events = read_events(file.path());
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[2].value, 4.0f);
}

TEST_F(EventFileTest, SaysWhereItCannotBeMade) {
  try {
    const EventFile file(folder_ / "absent");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kResources);
    EXPECT_THAT(error.what(), HasSubstr("absent/events.tfevents."));
  }
}

}  // namespace
}  // namespace maas
