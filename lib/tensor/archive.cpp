// Zip, as far as PyTorch writes it: APPNOTE.TXT 6.3.10 sections 4.3.7 (local header), 4.3.12
// (central directory), 4.3.14-16 (ends, zip64).
#include "tensor/archive.h"

#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.h"

namespace maas {
namespace {

constexpr uint32_t kLocalHeader = 0x04034b50, kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50, kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint64_t kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56;
constexpr uint64_t kCentralSize = 46, kLocalSize = 30;
constexpr uint64_t kMostRecords = 1'000'000;

template <class T>
T little_endian(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

struct Directory {
  uint64_t offset = 0, size = 0, count = 0;
};

// Sizes and offset in the zip64 extra field, in the order of the 32-bit fields that overflowed.
bool read_zip64(std::string_view extra, std::vector<uint64_t*> wanted) {
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
  if (name.empty() || name.front() == '/' || name.find('\\') != name.npos) return false;
  if (name.find('\0') != name.npos) return false;
  for (size_t i = 0; i <= name.size();) {
    const size_t end = std::min(name.find('/', i), name.size());
    if (name.substr(i, end - i) == "..") return false;
    i = end + 1;
  }
  return true;
}

Directory find_directory(std::string_view bytes, const std::function<void(std::string)>& fail) {
  if (bytes.size() < kEndSize) fail(fmt::format("{} bytes", bytes.size()));
  const uint64_t lowest = bytes.size() > 65557 ? bytes.size() - 65557 : 0;
  uint64_t at = bytes.size() - kEndSize;
  while (little_endian<uint32_t>(bytes.data() + at) != kEnd) {
    if (at == lowest) fail("no end of central directory");
    --at;
  }
  const char* end = bytes.data() + at;
  Directory found{little_endian<uint32_t>(end + 16), little_endian<uint32_t>(end + 12),
                  little_endian<uint16_t>(end + 10)};
  const bool is_64 =
      at >= kLocatorSize && little_endian<uint32_t>(end - kLocatorSize) == kEnd64Locator;
  if (is_64) {
    const auto at64 = little_endian<uint64_t>(end - kLocatorSize + 8);
    if (at64 > bytes.size() - kEnd64Size || bytes.size() < kEnd64Size ||
        little_endian<uint32_t>(bytes.data() + at64) != kEnd64) {
      fail("a zip64 end record that is not there");
    }
    const char* end64 = bytes.data() + at64;
    found = {little_endian<uint64_t>(end64 + 48), little_endian<uint64_t>(end64 + 40),
             little_endian<uint64_t>(end64 + 32)};
  }
  if (found.offset > bytes.size() || found.size > bytes.size() - found.offset) {
    fail(fmt::format("a directory at byte {} of {} bytes", found.offset, found.size));
  }
  if (found.count > kMostRecords || found.count > found.size / kCentralSize) {
    fail(fmt::format("a directory that claims {} records in {} bytes", found.count, found.size));
  }
  return found;
}

}  // namespace

ArchiveReader::ArchiveReader(const std::filesystem::path& path)
    : path_(path.string()), file_(std::make_shared<MappedFile>(path)) {
  read_directory();
}

void ArchiveReader::fail(const std::string& what, const std::string& expected) const {
  throw Error(ErrorKind::kInput,
              {.where = path_,
               .what = what,
               .expected = expected,
               .fix = "the file is damaged or no PT2 archive; restore it or export it again",
               .excerpt = ""});
}

uint64_t ArchiveReader::data_offset(const std::string& name, uint64_t local, uint64_t size,
                                    uint64_t end) const {
  const std::string_view bytes = file_->bytes();
  if (bytes.size() < kLocalSize || local > bytes.size() - kLocalSize ||
      little_endian<uint32_t>(bytes.data() + local) != kLocalHeader) {
    fail(fmt::format("record '{}' starts at byte {}", name, local), "a local header there");
  }
  const uint64_t data = local + kLocalSize + little_endian<uint16_t>(bytes.data() + local + 26) +
                        little_endian<uint16_t>(bytes.data() + local + 28);
  if (data > end || size > end - data) {
    fail(fmt::format("record '{}' spans bytes {} to {}", name, data, data + size),
         fmt::format("an end before the directory at byte {}", end));
  }
  return data;
}

void ArchiveReader::read_directory() {
  const std::string_view bytes = file_->bytes();
  const Directory directory = find_directory(bytes, [this](const std::string& what) {
    fail("found " + what, "a zip archive that torch.export.save or maas wrote");
  });
  std::string_view rest = bytes.substr(directory.offset, directory.size);
  std::vector<std::pair<uint64_t, uint64_t>> taken;
  std::string top;
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (rest.size() < kCentralSize || little_endian<uint32_t>(rest.data()) != kCentralHeader) {
      fail(fmt::format("directory entry {} is cut off or has no signature", i), "a zip directory");
    }
    const char* at = rest.data();
    const auto flags = little_endian<uint16_t>(at + 8), method = little_endian<uint16_t>(at + 10);
    uint64_t packed = little_endian<uint32_t>(at + 20), size = little_endian<uint32_t>(at + 24);
    const auto name_size = little_endian<uint16_t>(at + 28);
    const auto extra_size = little_endian<uint16_t>(at + 30);
    const auto comment_size = little_endian<uint16_t>(at + 32);
    uint64_t local = little_endian<uint32_t>(at + 42);
    if (rest.size() < kCentralSize + name_size + extra_size + comment_size) {
      fail(fmt::format("directory entry {} reaches past the directory", i), "a zip directory");
    }
    std::string name(rest.substr(kCentralSize, name_size));
    std::vector<uint64_t*> wide;
    if (size == 0xffffffff) wide.push_back(&size);
    if (packed == 0xffffffff) wide.push_back(&packed);
    if (local == 0xffffffff) wide.push_back(&local);
    if (!is_safe_name(name)) fail(fmt::format("record name '{}'", name), "a plain relative name");
    if (!read_zip64(rest.substr(kCentralSize + name_size, extra_size), wide)) {
      fail(fmt::format("record '{}' has a broken zip64 field", name), "sizes");
    }
    if (method != 0 || (flags & 1) != 0 || packed != size) {
      fail(fmt::format("record '{}' is compressed or encrypted", name),
           "records that are stored as they are");
    }
    rest.remove_prefix(kCentralSize + name_size + extra_size + comment_size);
    const uint64_t data = data_offset(name, local, size, directory.offset);
    if (name.back() == '/') continue;  // a folder entry
    taken.emplace_back(local, data + size);
    const size_t slash = name.find('/');
    if (slash == name.npos) fail(fmt::format("record '{}'", name), "one top folder around all");
    if (top.empty()) top = name.substr(0, slash);
    if (name.substr(0, slash) != top) {
      fail(fmt::format("record '{}'", name), fmt::format("all records under '{}/'", top));
    }
    const Record record{data, size, little_endian<uint32_t>(at + 16)};
    if (!records_.emplace(name.substr(slash + 1), record).second) {
      fail(fmt::format("two records named '{}'", name), "one");
    }
  }
  std::sort(taken.begin(), taken.end());
  for (size_t i = 1; i < taken.size(); ++i) {
    if (taken[i].first < taken[i - 1].second) {
      fail(fmt::format("records overlap at byte {}", taken[i].first), "records one after another");
    }
  }
}

std::vector<std::string> ArchiveReader::names() const {
  std::vector<std::string> all;
  for (const auto& [name, record] : records_) all.push_back(name);
  return all;
}

std::string_view ArchiveReader::record(const std::string& name) const {
  const auto found = records_.find(name);
  if (found == records_.end()) fail(fmt::format("no record '{}'", name), "a PT2 archive");
  const Record& record = found->second;
  const std::string_view bytes = file_->bytes().substr(record.offset, record.size);
  if (!record.checked) {
    const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    if (static_cast<uint32_t>(crc) != record.crc) {
      fail(fmt::format("record '{}' has CRC-32 {:08x}", name, crc),
           fmt::format("{:08x}: its bytes were changed after it was written", record.crc));
    }
    record.checked = true;
  }
  return bytes;
}

namespace {

void write_records(caffe2::serialize::PyTorchStreamWriter& writer,
                   const std::function<void(const PutRecord&)>& write) {
  write([&](const std::string& name, std::string_view bytes) {
    writer.writeRecord(name, bytes.data(), bytes.size());
  });
  writer.writeEndOfFile();
}

}  // namespace

void write_archive(const std::filesystem::path& path,
                   const std::function<void(const PutRecord&)>& write) {
  write_file_atomically(path, [&](const std::filesystem::path& temporary) {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    const auto put = [&](const void* data, size_t size) -> size_t {
      out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
      return out ? size : 0;
    };
    const auto complain = [&] {
      throw Error(ErrorKind::kResources,
                  {.where = path.string(),
                   .what = fmt::format("cannot write: {}", std::strerror(errno)),
                   .expected = "",
                   .fix = "check the disk space and permissions",
                   .excerpt = ""});
    };
    if (!out) complain();
    try {
      caffe2::serialize::PyTorchStreamWriter writer(put);
      write_records(writer, write);
    } catch (const Error&) {
      throw;
    } catch (const std::exception&) {
      complain();  // libtorch's message is about its own frames
    }
    out.close();
    if (!out) complain();
  });
}

std::string archive_bytes(const std::function<void(const PutRecord&)>& write) {
  std::string bytes;
  caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, size_t size) {
    bytes.append(static_cast<const char*>(data), size);
    return size;
  });
  write_records(writer, write);
  return bytes;
}

}  // namespace maas
