#include "tensor/safetensors.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json_writer.h"
#include "base/new_file.h"
#include "base/throw_error.h"
#include "tensor/dtype.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

constexpr uint64_t kLargestHeader = 100'000'000;
constexpr size_t kMostTensors = 100'000;
constexpr size_t kHighestRank = 64;  // of libtorch's iterators

// Refuses what is wrong at `where`: the file, or the file and a tensor.
[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw_input(where, what, expected, "the file is damaged or no safetensors; use another copy");
}

struct Entry {
  std::string where;  // file and tensor, for messages
  std::string name;
  at::ScalarType dtype = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;
};

void read_shape(const JsonView& json, Entry& entry) {
  for (const JsonView& size : json.items()) {
    entry.shape.push_back(size.integer());
    if (entry.shape.size() > kHighestRank) {
      refuse(entry.where, fmt::format("shape has more than {} dimensions", kHighestRank), "fewer");
    }
  }
}

void read_offsets(const JsonView& json, Entry& entry) {
  const std::vector<JsonView> offsets = json.items();
  const bool two = offsets.size() == 2;
  const int64_t begin = two ? offsets[0].integer() : -1, end = two ? offsets[1].integer() : -1;
  if (begin < 0 || end < begin) {
    refuse(entry.where, fmt::format("data_offsets {}", json.excerpt()),
           "[begin, end] with 0 <= begin <= end");
  }
  entry.begin = static_cast<uint64_t>(begin);
  entry.end = static_cast<uint64_t>(end);
  if (entry.begin % c10::elementSize(entry.dtype) != 0) {
    refuse(entry.where, fmt::format("data_offsets {}", json.excerpt()),
           fmt::format("a start at a multiple of {}, the size of {}", c10::elementSize(entry.dtype),
                       dtype_name(entry.dtype)));
  }
}

Entry read_entry(const std::string& path, std::string_view name, JsonView json) {
  Entry entry;
  entry.where = fmt::format("{}: tensor '{}'", path, name);
  entry.name = name;
  json = json.placed(&entry.where);
  const std::string dtype = json.at("dtype").text();
  const auto known = dtype_from_safetensors(dtype);
  if (!known) {
    refuse(entry.where, fmt::format("dtype '{}'", dtype), "F32, BF16, I64 and the like");
  }
  entry.dtype = *known;
  read_shape(json.at("shape"), entry);
  read_offsets(json.at("data_offsets"), entry);
  const auto bytes = dense_bytes(entry.dtype, entry.shape);
  if (!bytes || *bytes != entry.end - entry.begin) {
    refuse(
        entry.where,
        fmt::format("{} bytes for shape {}", entry.end - entry.begin, json.at("shape").excerpt()),
        bytes ? std::to_string(*bytes) : "sizes of at least 0 whose product fits 63 bits");
  }
  return entry;
}

void check_metadata(const JsonView& json) {
  for (const auto& [key, value] : json.members()) value.text();
}

std::string_view header_bytes(std::string_view bytes, const std::string& where) {
  uint64_t size = 0;
  if (bytes.size() < 8) refuse(where, fmt::format("{} bytes", bytes.size()), "at least 8");
  std::memcpy(&size, bytes.data(), 8);
  if (size > kLargestHeader || size > bytes.size() - 8) {
    refuse(where, fmt::format("a header of {} bytes in a file of {}", size, bytes.size()),
           fmt::format("a header inside the file, at most {} bytes", kLargestHeader));
  }
  const std::string_view header = bytes.substr(8, size);
  if (header.empty() || header[0] != '{') {
    refuse(where + ": header",
           header.empty() ? "no bytes" : fmt::format("starts with {:?}", header.substr(0, 1)), "{");
  }
  return header;
}

std::vector<Entry> read_header(const JsonView& header, const std::string& path) {
  std::vector<Entry> entries;
  const auto members = header.members();
  if (members.size() > kMostTensors) {
    refuse(path + ": header", fmt::format("{} tensors", members.size()),
           fmt::format("at most {}", kMostTensors));
  }
  const std::string metadata = path + ": __metadata__";
  for (const auto& [name, json] : members) {
    if (name == "__metadata__") {
      check_metadata(json.placed(&metadata));
    } else {
      entries.push_back(read_entry(path, name, json));
    }
  }
  return entries;
}

// Every byte of the data must belong to one tensor.
void check_coverage(std::vector<Entry>& entries, uint64_t size, const std::string& where) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t covered = 0;
  for (const Entry& entry : entries) {
    const auto span = fmt::format("data_offsets [{}, {}]", entry.begin, entry.end);
    if (entry.begin < covered) {
      refuse(entry.where, span + " overlap another tensor's",
             fmt::format("a start at {}", covered));
    }
    if (entry.begin > covered) {
      refuse(entry.where, span + " leave a hole", fmt::format("a start at {}", covered));
    }
    if (entry.end > size) {
      refuse(entry.where, span + " reach past the file", fmt::format("an end within {}", size));
    }
    covered = entry.end;
  }
  if (covered != size) {
    refuse(where, fmt::format("{} bytes of data", size),
           fmt::format("{}, as the tensors have", covered));
  }
}

// By falling size of the elements, then by name: so every tensor starts aligned.
std::vector<TensorMap::const_iterator> ordered(const TensorMap& tensors) {
  std::vector<TensorMap::const_iterator> order;
  for (auto at = tensors.begin(); at != tensors.end(); ++at) order.push_back(at);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a->second.element_size() > b->second.element_size();
  });
  return order;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors) {
  JsonWriter json;
  json.begin_object();
  uint64_t offset = 0;
  const auto order = ordered(tensors);
  for (const auto& entry : order) {
    const auto& [name, tensor] = *entry;
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
  for (const auto& entry : order) {
    const at::Tensor dense = entry->second.detach().contiguous();
    file.write({static_cast<const char*>(dense.const_data_ptr()), dense.nbytes()});
  }
  file.close();
}

TensorMap read_safetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string_view header_text = header_bytes(file.bytes(), path.string());
  const std::string where = path.string() + ": header";
  simdjson::dom::parser parser;
  std::vector<Entry> entries = read_header(parse_json(parser, header_text, where), path.string());
  const std::string_view data = file.bytes().substr(8 + header_text.size());
  check_coverage(entries, data.size(), path.string());
  TensorMap tensors;
  for (const Entry& entry : entries) {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.dtype));
    if (tensor.nbytes() > 0) {
      std::memcpy(tensor.mutable_data_ptr(), data.data() + entry.begin, tensor.nbytes());
    }
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

}  // namespace maas
