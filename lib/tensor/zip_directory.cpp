// APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14-16 (ends, zip64).
#include "tensor/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "base/throw_error.h"

namespace maas {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56, kLongestComment = 65535;
constexpr uint64_t kCentralSize = 46, kLocalSize = 30;
constexpr uint64_t kMostEntries = 1'000'000;
constexpr uint16_t kDeflate = 8;                      // method
constexpr uint16_t kEncrypted = 1, kSizesFollow = 8;  // flags
constexpr uint32_t kElsewhere = 0xffffffff;           // the number is in the zip64 field

template <class T>
T little_endian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

struct Directory {
  uint64_t offset = 0, size = 0, count = 0;
  uint64_t end = 0;  // where the end record (zip64 or not) starts
};

// Fills `wanted` from the zip64 extra field, in the order of the 32-bit fields that overflowed.
bool read_zip64(std::string_view extra, const std::vector<uint64_t*>& wanted) {
  for (size_t i = 0; i + 4 <= extra.size();) {
    const auto id = little_endian<uint16_t>(extra.data() + i);
    const auto length = little_endian<uint16_t>(extra.data() + i + 2);
    if (i + 4 + length > extra.size()) return false;
    if (id == 1) {
      if (length < wanted.size() * 8) return false;
      for (size_t k = 0; k < wanted.size(); ++k) {
        *wanted[k] = little_endian<uint64_t>(extra.data() + i + 4 + k * 8);
      }
      return true;
    }
    i += 4u + length;
  }
  return wanted.empty();
}

bool is_safe_name(std::string_view name) {
  if (name.empty() || name.find('\\') != name.npos) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  if (name.back() == '/') name.remove_suffix(1);  // a folder
  for (size_t i = 0; i <= name.size();) {
    const size_t end = std::min(name.find('/', i), name.size());
    const std::string_view part = name.substr(i, end - i);
    if (part.empty() || part == "." || part == "..") return false;
    i = end + 1;
  }
  return true;
}

class DirectoryReader {
 public:
  DirectoryReader(std::string_view bytes, const std::string& where)
      : bytes_(bytes), where_(where) {}

  std::vector<ZipEntry> read() {
    directory_ = find_directory();
    std::string_view rest = bytes_.substr(directory_.offset, directory_.size);
    std::vector<ZipEntry> entries;
    for (uint64_t i = 0; i < directory_.count; ++i) entries.push_back(read_entry(rest, i));
    if (!rest.empty()) {
      fail(fmt::format("{} bytes behind the directory's {} entries", rest.size(), entries.size()),
           "a directory of the size that it claims");
    }
    check_names(entries);
    check_overlap(entries);
    return entries;
  }

 private:
  [[noreturn]] void fail(const std::string& what, const std::string& expected) const {
    throw_input(where_, what, expected,
                "the file is damaged or no PT2 archive; restore it or export it again");
  }
  [[noreturn]] void fail_as_no_zip(const std::string& found) const {
    fail("found " + found, "a zip archive that torch.export.save or maas wrote");
  }

  uint64_t find_end() const {
    if (bytes_.size() < kEndSize) fail_as_no_zip(fmt::format("{} bytes", bytes_.size()));
    const uint64_t last = bytes_.size() - kEndSize;
    const uint64_t lowest = last > kLongestComment ? last - kLongestComment : 0;
    for (uint64_t at = last + 1; at-- > lowest;) {
      if (little_endian<uint32_t>(bytes_.data() + at) != kEnd) continue;
      if (little_endian<uint16_t>(bytes_.data() + at + 20) == last - at) return at;
      fail_as_no_zip(fmt::format("{} bytes behind the end record", last - at));
    }
    fail_as_no_zip("no end of central directory");
  }

  Directory find_directory() const {
    const uint64_t at = find_end();
    const char* end = bytes_.data() + at;
    Directory found{little_endian<uint32_t>(end + 16), little_endian<uint32_t>(end + 12),
                    little_endian<uint16_t>(end + 10), at};
    bool one_disk =
        little_endian<uint16_t>(end + 8) == found.count && little_endian<uint32_t>(end + 4) == 0;
    if (at >= kLocatorSize && little_endian<uint32_t>(end - kLocatorSize) == kEnd64Locator) {
      const auto at64 = little_endian<uint64_t>(end - kLocatorSize + 8);
      if (at < kLocatorSize + kEnd64Size || at64 != at - kLocatorSize - kEnd64Size ||
          little_endian<uint32_t>(bytes_.data() + at64) != kEnd64) {
        fail_as_no_zip("a zip64 end record that is not there");
      }
      const char* end64 = bytes_.data() + at64;
      found = {little_endian<uint64_t>(end64 + 48), little_endian<uint64_t>(end64 + 40),
               little_endian<uint64_t>(end64 + 32), at64};
      one_disk = one_disk && little_endian<uint64_t>(end64 + 24) == found.count &&
                 little_endian<uint64_t>(end64 + 16) == 0;
    }
    if (found.offset > found.end || found.size != found.end - found.offset) {
      fail_as_no_zip(fmt::format("a directory of {} bytes at byte {}, and its end at byte {}",
                                 found.size, found.offset, found.end));
    }
    if (!one_disk) fail_as_no_zip("an archive of several disks");
    if (found.count > kMostEntries || found.count > found.size / kCentralSize) {
      fail_as_no_zip(
          fmt::format("a directory that claims {} entries in {} bytes", found.count, found.size));
    }
    return found;
  }

  // Takes one entry off the front of `rest`.
  ZipEntry read_entry(std::string_view& rest, uint64_t index) const {
    if (rest.size() < kCentralSize || little_endian<uint32_t>(rest.data()) != kCentralHeader) {
      fail(fmt::format("directory entry {} is cut off or has no signature", index),
           "a zip directory");
    }
    const char* at = rest.data();
    const uint64_t name_size = little_endian<uint16_t>(at + 28);
    const uint64_t extra_size = little_endian<uint16_t>(at + 30);
    const uint64_t whole = kCentralSize + name_size + extra_size + little_endian<uint16_t>(at + 32);
    if (rest.size() < whole) {
      fail(fmt::format("directory entry {} reaches past the directory", index), "a zip directory");
    }
    ZipEntry entry;
    entry.name = rest.substr(kCentralSize, name_size);
    entry.crc = little_endian<uint32_t>(at + 16);
    entry.packed = little_endian<uint32_t>(at + 20);
    entry.size = little_endian<uint32_t>(at + 24);
    entry.header = little_endian<uint32_t>(at + 42);
    std::vector<uint64_t*> wide;
    for (uint64_t* number : {&entry.size, &entry.packed, &entry.header}) {
      if (*number == kElsewhere) wide.push_back(number);
    }
    if (!is_safe_name(entry.name)) {
      fail(fmt::format("record name {:?}", entry.name), "a plain relative name");
    }
    if (!read_zip64(rest.substr(kCentralSize + name_size, extra_size), wide)) {
      fail(fmt::format("record '{}' has a broken zip64 field", entry.name), "its sizes there");
    }
    const bool encrypted = (little_endian<uint16_t>(at + 8) & kEncrypted) != 0;
    const auto method = little_endian<uint16_t>(at + 10);
    entry.stored = method == 0 && !encrypted;
    entry.deflated = method == kDeflate && !encrypted;
    if (entry.stored && entry.packed != entry.size) {
      fail(fmt::format("record '{}' has {} bytes stored as {}", entry.name, entry.size,
                       entry.packed),
           "one number");
    }
    read_local_header(entry);
    rest.remove_prefix(whole);
    return entry;
  }

  // Finds where the bytes start, and compares what the local header says with the directory.
  void read_local_header(ZipEntry& entry) const {
    const uint64_t end = directory_.offset;
    const char* at = bytes_.data() + entry.header;
    if (end < kLocalSize || entry.header > end - kLocalSize ||
        little_endian<uint32_t>(at) != kLocalHeader) {
      fail(fmt::format("record '{}' starts at byte {}", entry.name, entry.header),
           "a local header there");
    }
    const uint64_t name_size = little_endian<uint16_t>(at + 26);
    const uint64_t extra_size = little_endian<uint16_t>(at + 28);
    entry.data = entry.header + kLocalSize + name_size + extra_size;
    if (entry.data > end || entry.packed > end - entry.data) {
      fail(fmt::format("record '{}' spans {} bytes from byte {}", entry.name, entry.packed,
                       entry.data),
           fmt::format("an end before the directory at byte {}", end));
    }
    const auto flags = little_endian<uint16_t>(at + 6);
    const auto crc = little_endian<uint32_t>(at + 14);
    uint64_t packed = little_endian<uint32_t>(at + 18), size = little_endian<uint32_t>(at + 22);
    std::vector<uint64_t*> wide;  // the local field has the size first, too
    if (size == kElsewhere) wide.push_back(&size);
    if (packed == kElsewhere) wide.push_back(&packed);
    const bool zip64 = read_zip64({at + kLocalSize + name_size, extra_size}, wide);
    const bool later = (flags & kSizesFollow) != 0 && crc == 0 && size == 0 && packed == 0;
    const bool same = zip64 && crc == entry.crc && size == entry.size && packed == entry.packed;
    const std::string_view name(at + kLocalSize, name_size);
    const auto method = little_endian<uint16_t>(at + 8);
    const bool encrypted = (flags & kEncrypted) != 0;
    const bool same_method = (method == 0 && !encrypted) == entry.stored &&
                             (method == kDeflate && !encrypted) == entry.deflated;
    if (name != entry.name || !same_method || !(later || same)) {
      fail(fmt::format("record '{}' differs from its local header at byte {}", entry.name,
                       entry.header),
           "the same name, method, size and CRC-32 in both");
    }
  }

  void check_names(const std::vector<ZipEntry>& entries) const {
    std::set<std::string_view> names;
    for (const ZipEntry& entry : entries) {
      if (!names.insert(entry.name).second) {
        fail(fmt::format("two records named '{}'", entry.name), "one");
      }
    }
  }

  void check_overlap(const std::vector<ZipEntry>& entries) const {
    std::vector<const ZipEntry*> sorted;
    for (const ZipEntry& entry : entries) sorted.push_back(&entry);
    std::sort(sorted.begin(), sorted.end(),
              [](const ZipEntry* a, const ZipEntry* b) { return a->header < b->header; });
    for (size_t i = 1; i < sorted.size(); ++i) {
      const ZipEntry &before = *sorted[i - 1], &next = *sorted[i];
      if (next.header < before.data + before.packed) {
        fail(fmt::format("records '{}' and '{}' overlap at byte {}", before.name, next.name,
                         next.header),
             "records one after another");
      }
    }
  }

  std::string_view bytes_;
  const std::string& where_;
  Directory directory_;
};

}  // namespace

std::vector<ZipEntry> read_zip_directory(std::string_view bytes, const std::string& where) {
  return DirectoryReader(bytes, where).read();
}

}  // namespace maas
