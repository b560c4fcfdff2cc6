#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/files.h"
#include "base/throw_error.h"
#include "data/labelled_files.h"
#include "data/open_data.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kEndBytes = int64_t{64} * 1024;

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

void add_file(const InputPath& input, Marks& marks) {
  if (input.path.empty()) return;
  const fs::path path(input.path);
  add_status(path, path.filename().string(), marks);
  add_ends(path, marks.content);
}

// An image may be absent where those are skipped.
void add_images(const SourceConfig& where, const DataConfig& config, Marks& marks) {
  if (config.type == "image_list") add_file(where.path, marks);
  for (const LabelledFile& file : list_images(where, config).files) {
    std::error_code error;
    if (fs::exists(file.path, error)) {
      add_status(file.path, file.name, marks);
    } else {
      marks.content += file.name + "\tabsent\n";
    }
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
    if (!source->given()) continue;
    if (config.type == "images" || config.type == "image_list" || config.type == "texts") {
      add_images(*source, config, marks);
    } else {
      for (const InputPath* file : {&source->images, &source->labels, &source->path}) {
        add_file(*file, marks);
      }
    }
  }
  return {sha256_hex(marks.content), sha256_hex(marks.times)};
}

}  // namespace maas
