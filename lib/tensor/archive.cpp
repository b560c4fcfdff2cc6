#include "tensor/archive.h"

#include <caffe2/serialize/inline_container.h>
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/throw_error.h"
#include "tensor/zip_directory.h"

namespace maas {

ArchiveReader::ArchiveReader(const std::filesystem::path& path, FilePages pages)
    : path_(path.string()), file_(std::make_shared<MappedFile>(path, pages)) {
  read_directory();
}

void ArchiveReader::fail(const std::string& what, const std::string& expected) const {
  throw_input(path_, what, expected,
              "the file is damaged or no PT2 archive; restore it or export it again");
}

void ArchiveReader::read_directory() {
  std::string top;
  for (const ZipEntry& entry : read_zip_directory(file_->bytes(), path_)) {
    if (entry.name.back() == '/') continue;  // a folder
    const size_t slash = entry.name.find('/');
    if (slash == entry.name.npos) {
      fail(fmt::format("record '{}'", entry.name), "one top folder around all");
    }
    if (top.empty()) top = entry.name.substr(0, slash);
    if (entry.name.substr(0, slash) != top) {
      fail(fmt::format("record '{}'", entry.name), fmt::format("all records under '{}/'", top));
    }
    records_[entry.name.substr(slash + 1)] = {.offset = entry.data,
                                              .packed = entry.packed,
                                              .size = entry.size,
                                              .crc = entry.crc,
                                              .stored = entry.stored,
                                              .deflated = entry.deflated,
                                              .unpacked = {}};
  }
}

std::vector<std::string> ArchiveReader::names() const {
  std::vector<std::string> all;
  for (const auto& [name, record] : records_) all.push_back(name);
  return all;
}

void ArchiveReader::check_records() const {
  for (const auto& [name, found] : records_) record(name);
}

void ArchiveReader::inflate(const std::string& name, const Record& record) const {
  // A byte of deflate stands for at most 1032 (RFC 1951: 258 bytes in two bits).
  constexpr uint64_t kMostRatio = 1032;
  if (record.size > kMostUnpackedBytes || record.size / kMostRatio > record.packed + 1) {
    fail(fmt::format("record '{}' claims {} bytes in {}", name, record.size, record.packed),
         fmt::format("at most {} bytes, and {} for each that is there", kMostUnpackedBytes,
                     kMostRatio));
  }
  record.unpacked.resize(record.size);
  z_stream stream{};
  const char* packed = file_->data() + record.offset;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed));
  stream.avail_in = static_cast<uInt>(std::min<uint64_t>(record.packed, UINT32_MAX));
  stream.next_out = reinterpret_cast<Bytef*>(record.unpacked.data());
  stream.avail_out = static_cast<uInt>(record.size);
  const bool ready = inflateInit2(&stream, -MAX_WBITS) == Z_OK;  // without zlib's own header
  const int end = ready ? ::inflate(&stream, Z_FINISH) : Z_MEM_ERROR;
  inflateEnd(&stream);
  if (end == Z_STREAM_END && stream.total_out == record.size) return;
  record.unpacked.clear();
  fail(fmt::format("record '{}' does not unpack to its {} bytes", name, record.size),
       "deflated bytes");
}

std::string_view ArchiveReader::record(const std::string& name) const {
  const auto found = records_.find(name);
  if (found == records_.end()) fail(fmt::format("no record '{}'", name), "a PT2 archive");
  const Record& record = found->second;
  if (!record.stored && !record.deflated) {
    fail(
        fmt::format("record '{}' is encrypted, or compressed by another method than deflate", name),
        "records that are stored as they are, or deflated");
  }
  if (record.deflated && !record.checked) inflate(name, record);
  const std::string_view bytes = record.deflated
                                     ? std::string_view(record.unpacked)
                                     : file_->bytes().substr(record.offset, record.packed);
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

bool is_text(const std::string& name) {
  return name.ends_with(".json") || name.find("sample_inputs/") != name.npos;
}

void write_records(caffe2::serialize::PyTorchStreamWriter& writer,
                   const std::function<void(const PutRecord&)>& write) {
  write([&](const std::string& name, std::string_view bytes) {
    writer.writeRecord(name, bytes.data(), bytes.size(), is_text(name));
  });
  writer.writeEndOfFile();
}

}  // namespace

void write_through(const std::filesystem::path& path, const std::filesystem::path& shown,
                   const std::function<void(const Sink&)>& write) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  int failure = out ? 0 : errno;
  const auto put = [&](const void* data, size_t size) -> size_t {
    if (failure != 0) return size;
    if (!out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size))) {
      failure = errno;
    }
    return size;
  };
  if (failure == 0) write(put);
  if (failure == 0 && !out.flush()) failure = errno;
  if (failure == 0) return;
  throw Error(ErrorKind::kResources,
              {.where = shown.string(),
               .what = fmt::format("cannot write: {}", std::strerror(failure)),
               .expected = "",
               .fix = "check the disk space and permissions"});
}

void write_archive(const std::filesystem::path& path,
                   const std::function<void(const PutRecord&)>& write) {
  write_file_atomically(path, [&](const std::filesystem::path& temporary) {
    write_through(temporary, path, [&](const Sink& sink) {
      caffe2::serialize::PyTorchStreamWriter writer(sink);
      write_records(writer, write);
    });
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
