#include "data/read_csv_file.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/throw_error.h"
#include "data/byte_stream.h"
#include "data/gzip_reader.h"
#include "sample/csv_stream.h"

namespace maas {
namespace {

constexpr uint64_t kMostFileBytes = uint64_t{1} << 34;

// Unlike ByteStream's, it refuses bytes behind a gzip stream, and so a part of the table.
CsvStream::Read gzipped(const std::string& path) {
  struct Gzipped {
    explicit Gzipped(const std::string& from)
        : bytes(read_file(from, static_cast<int64_t>(kMostFileBytes))), reader(bytes, from) {}
    std::string bytes;
    GzipReader reader;
  };
  const auto file = std::make_shared<Gzipped>(path);
  return [file](char* to, size_t size) { return file->reader.read_some(to, size); };
}

// Of a pipe nothing can be read twice.
bool is_gzipped_file(const std::string& path) {
  std::array<char, 2> magic{};
  return std::filesystem::is_regular_file(path) &&
         std::ifstream(path, std::ios::binary).read(magic.data(), magic.size()) &&
         magic == std::array{'\x1f', '\x8b'};
}

CsvStream::Read reading(const std::string& path) {
  if (is_gzipped_file(path)) return gzipped(path);
  const auto file = std::make_shared<ByteStream>(path == "-" ? "./-" : path);
  return [file](char* to, size_t size) { return file->read(to, size); };
}

CsvStream::Read at_most(uint64_t bytes, const std::string& path, const CsvStream::Read& read) {
  return [=, had = uint64_t{0}](char* to, size_t size) mutable {
    const size_t more = read(to, size);
    had += more;
    if (had > bytes) {
      throw_input(path, fmt::format("holds more than {} bytes", bytes),
                  fmt::format("at most {}", bytes), "split the file");
    }
    return more;
  };
}

// The rows of some pieces, packed by several threads; the first fault is thrown.
void append_pieces(std::vector<CsvStream::Piece>& pieces, const CsvStream& stream, CsvGrid& grid) {
  std::vector<std::optional<PackedRows>> rows(pieces.size());
  std::vector<std::exception_ptr> faults(pieces.size());
  at::parallel_for(0, static_cast<int64_t>(pieces.size()), 1, [&](int64_t from, int64_t to) {
    for (auto i = static_cast<size_t>(from); i < static_cast<size_t>(to); ++i) {
      try {
        rows[i] = grid.packed(
            read_csv(std::move(pieces[i].text), stream.name(), stream.format(), pieces[i].start));
      } catch (const Error&) {
        faults[i] = std::current_exception();
      }
    }
  });
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (faults[i]) std::rethrow_exception(faults[i]);
    grid.append(std::move(*rows[i]));
  }
}

}  // namespace

CsvGrid read_csv_file(const std::string& path, const TableFormat& format,
                      const CsvGrid::Options& options,
                      const std::function<void(const CsvTable& first)>& look) {
  CsvStream stream(at_most(kMostFileBytes, path, reading(path)), path, format);
  const std::optional<CsvTable> first = stream.next();
  if (!first) throw_input(path, "holds no row", "a table", "check the file");
  if (look) look(*first);
  CsvGrid grid(*first, options);
  const auto at_once = 2 * static_cast<size_t>(at::get_num_threads());
  while (!stream.at_end()) {
    std::vector<CsvStream::Piece> pieces;
    while (pieces.size() < at_once) {
      std::optional<CsvStream::Piece> piece = stream.next_text();
      if (!piece) break;
      pieces.push_back(std::move(*piece));
    }
    append_pieces(pieces, stream, grid);
  }
  return grid;
}

}  // namespace maas
