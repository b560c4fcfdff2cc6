#include "data/image_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/throw_error.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

// Sorted, because the order of a folder's entries differs between file systems.
std::vector<fs::directory_entry> sorted_entries(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    if (!it->path().filename().native().starts_with('.')) entries.push_back(*it);
  }
  if (error) {
    throw Error(error == std::errc::permission_denied ? ErrorKind::kResources : ErrorKind::kInput,
                {.where = folder.string(),
                 .what = fmt::format("cannot be listed: {}", error.message()),
                 .expected = "a folder with a folder for each class",
                 .fix = "check the path and the permissions"});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return a.path().filename().native() < b.path().filename().native();
  });
  return entries;
}

bool is_image_name(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

}  // namespace

ImageList list_images(const std::string& root) {
  ImageList list;
  std::error_code ignored;
  const auto leave_out = [&](const std::string& name) {
    if (list.others++ == 0) list.first_other = name;
  };
  for (const fs::directory_entry& folder : sorted_entries(root)) {
    const std::string label = folder.path().filename().string();
    if (!folder.is_directory(ignored)) {
      leave_out(label);
      continue;
    }
    for (const fs::directory_entry& file : sorted_entries(folder.path())) {
      const std::string name = label + "/" + file.path().filename().string();
      if (file.is_regular_file(ignored) && is_image_name(file.path())) {
        list.files.push_back({file.path().string(), name, list.classes.size()});
      } else {
        leave_out(name);
      }
    }
    list.classes.push_back(label);
  }
  if (list.classes.empty()) {
    throw_input(root, "has no folder in it", "a folder for each class, with images in it",
                "sort the images into folders named after their classes");
  }
  return list;
}

}  // namespace maas
