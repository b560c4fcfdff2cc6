#include "tensor/safetensors.h"

#include <ATen/ops/empty.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "tensor/dtype.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

constexpr uint64_t kLargestHeader = 100'000'000;

// A new file that says when the disk refuses: also at close(), where network disks tell it.
class NewFile {
 public:
  explicit NewFile(const std::filesystem::path& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail("create", errno);
  }
  ~NewFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail("write", errno);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
  }
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0) fail("close", errno);
  }

 private:
  [[noreturn]] void fail(const char* doing, int error) const {
    throw Error(ErrorKind::kResources,
                {.where = path_.string(),
                 .what = fmt::format("cannot {}: {}", doing, std::strerror(error)),
                 .expected = "",
                 .fix = "check the disk space and permissions",
                 .excerpt = ""});
  }

  const std::filesystem::path& path_;
  int fd_;
};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what,
                         const std::string& expected) {
  throw Error(ErrorKind::kInput, {.where = path.string(),
                                  .what = what,
                                  .expected = expected,
                                  .fix = "the file is damaged; use another copy",
                                  .excerpt = ""});
}

struct Entry {
  std::string name;
  at::ScalarType dtype;
  std::vector<int64_t> shape;
  uint64_t begin, end;
};

Entry read_entry(const std::filesystem::path& path, std::string_view name, const JsonView& json) {
  Entry entry{std::string(name), at::kFloat, {}, 0, 0};
  const std::string dtype = json.at("dtype").text();
  const auto known = dtype_from_safetensors(dtype);
  if (!known)
    refuse(path, fmt::format("tensor '{}' has dtype '{}'", name, dtype), "F32 and the like");
  entry.dtype = *known;
  for (const JsonView& size : json.at("shape").items()) entry.shape.push_back(size.integer());
  const std::vector<JsonView> offsets = json.at("data_offsets").items();
  const bool two = offsets.size() == 2;
  if (!two || offsets[0].integer() < 0 || offsets[1].integer() < offsets[0].integer()) {
    refuse(path,
           fmt::format("tensor '{}' has data_offsets {}", name, json.at("data_offsets").minified()),
           "[begin, end] with 0 <= begin <= end");
  }
  entry.begin = static_cast<uint64_t>(offsets[0].integer());
  entry.end = static_cast<uint64_t>(offsets[1].integer());
  const auto bytes = dense_bytes(entry.dtype, entry.shape);
  if (!bytes || *bytes != entry.end - entry.begin) {
    refuse(path, fmt::format("tensor '{}' has {} bytes", name, entry.end - entry.begin),
           fmt::format("{} for its shape", bytes ? std::to_string(*bytes) : "a size that fits"));
  }
  return entry;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors) {
  JsonWriter json;
  json.begin_object();
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    const auto dtype = dtype_to_safetensors(tensor.scalar_type());
    MAAS_CHECK(dtype.has_value());
    json.key(name).begin_object().field("dtype", *dtype).key("shape").begin_array();
    for (const int64_t size : tensor.sizes()) json.value(size);
    json.end_array().key("data_offsets").begin_array();
    json.value(offset).value(offset + tensor.nbytes()).end_array().end_object();
    offset += tensor.nbytes();
  }
  json.end_object();
  std::string header = json.take();
  header.resize((header.size() + 7) / 8 * 8, ' ');
  NewFile file(path);
  const uint64_t size = header.size();
  file.write({reinterpret_cast<const char*>(&size), sizeof(size)});
  file.write(header);
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor dense = tensor.detach().contiguous();
    file.write({static_cast<const char*>(dense.const_data_ptr()), dense.nbytes()});
  }
  file.close();
}

TensorMap read_safetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view bytes = file.bytes();
  uint64_t header_size = 0;
  if (bytes.size() < 8) refuse(path, fmt::format("{} bytes", bytes.size()), "at least 8");
  std::memcpy(&header_size, bytes.data(), 8);
  if (header_size > kLargestHeader || header_size > bytes.size() - 8) {
    refuse(path, fmt::format("a header of {} bytes in a file of {}", header_size, bytes.size()),
           "a header inside the file, at most 100 MB");
  }
  const std::string where = path.string() + ": header";
  simdjson::dom::parser parser;
  const JsonView header = parse_json(parser, bytes.substr(8, header_size), where);
  const std::string_view data = bytes.substr(8 + header_size);
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.members()) {
    if (name != "__metadata__") entries.push_back(read_entry(path, name, json));
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  uint64_t covered = 0;
  TensorMap tensors;
  for (const Entry& entry : entries) {
    if (entry.begin != covered || entry.end > data.size()) {
      refuse(path,
             fmt::format("tensor '{}' spans bytes {} to {}", entry.name, entry.begin, entry.end),
             fmt::format("a start at {} and an end within {}", covered, data.size()));
    }
    covered = entry.end;
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.dtype));
    if (tensor.nbytes() > 0) {
      std::memcpy(tensor.mutable_data_ptr(), data.data() + entry.begin, tensor.nbytes());
    }
    if (!tensors.emplace(entry.name, tensor).second) {
      refuse(path, fmt::format("two tensors named '{}'", entry.name), "one");
    }
  }
  if (covered != data.size()) {
    refuse(path, fmt::format("{} bytes of data", data.size()), fmt::format("{}", covered));
  }
  return tensors;
}

}  // namespace maas
