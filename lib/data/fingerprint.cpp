#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/files.h"
#include "base/throw_error.h"
#include "data/open_data.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kEndBytes = 64 * 1024;

// Texts to digest.
struct Marks {
  std::string content, times;
};

void add_status(const fs::path& path, const std::string& shown, Marks& marks) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    throw_input(path.string(),
                fmt::format("cannot be read: {}", std::generic_category().message(errno)),
                "the data that the config names", "check the path; was it moved or deleted?");
  }
  marks.content += fmt::format("{}\t{}\n", shown, info.st_size);
  marks.times += fmt::format("{}\t{}.{:09}\n", shown, info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

void add_ends(const fs::path& path, std::string& text) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(static_cast<size_t>(kEndBytes), '\0');
  file.read(bytes.data(), kEndBytes);
  text += sha256_hex({bytes.data(), static_cast<size_t>(file.gcount())});
  file.clear();
  file.seekg(0, std::ios::end);
  file.seekg(std::max<int64_t>(0, static_cast<int64_t>(file.tellg()) - kEndBytes));
  file.read(bytes.data(), kEndBytes);
  text += sha256_hex({bytes.data(), static_cast<size_t>(file.gcount())}) + "\n";
}

void add_folder(const fs::path& folder, Marks& marks) {
  std::vector<fs::path> paths;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (walk->is_regular_file(error)) paths.push_back(walk->path());
  }
  if (error) {
    throw_input(folder.string(), fmt::format("cannot be listed: {}", error.message()), "a folder",
                "check the path and the permissions");
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    add_status(path, path.lexically_relative(folder).generic_string(), marks);
  }
}

void add_path(const InputPath& input, Marks& marks) {
  if (input.path.empty()) return;
  const fs::path path(input.path);
  std::error_code error;
  if (fs::is_directory(path, error)) {
    add_folder(path, marks);
  } else {
    add_status(path, path.filename().string(), marks);
    add_ends(path, marks.content);
  }
}

}  // namespace

Fingerprint fingerprint(const DataConfig& config) {
  Marks marks{config.type + "\n", ""};
  if (config.type == "synthetic") {
    marks.content += fmt::format("{} {} {} {} {} {} {} {} {}", config.kind, config.samples,
                                 config.classes, config.features, config.noise, config.seed,
                                 config.height, config.width, config.channels);
  }
  for (const SourceConfig* source : {&config.train, &config.test, &config.validation_source}) {
    add_path(source->images, marks);
    add_path(source->labels, marks);
    add_path(source->path, marks);
  }
  return {sha256_hex(marks.content), sha256_hex(marks.times)};
}

}  // namespace maas
