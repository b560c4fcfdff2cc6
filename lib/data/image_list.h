// The images of a folder with a folder for each class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace maas {

struct ImageFile {
  std::string path;
  std::string name;  // "cats/3.jpg"
  size_t label = 0;  // index of the class folder
};

struct ImageList {
  std::vector<std::string> classes;  // folder names, sorted by bytes
  std::vector<ImageFile> files;      // by class, then by name
  int64_t others = 0;                // files left out for their extension
  std::string first_other;
};

// Names that start with a dot are passed over without notice. Throws Error{kInput} when `root` is
// no folder or has no folder in it, kResources when it may not be listed.
ImageList list_images(const std::string& root);

}  // namespace maas
