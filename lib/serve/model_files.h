// Model files by name and version, as they lie on disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace maas {

// What changes when a file is replaced or written into.
struct FileStamp {
  uint64_t device = 0, inode = 0, size = 0;
  int64_t modified_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

struct ModelFile {
  std::string name;  // "" = what the model calls itself, or the file's stem
  int64_t version = 1;
  std::filesystem::path path;
  FileStamp stamp = {};
};

// Which versions of a model are served: "latest", "latest:N" (the N highest), "all", or numbers:
// "1,3".
struct VersionPolicy {
  int64_t latest = 1;                 // 0 = all, unless `numbers`
  std::vector<int64_t> numbers = {};  // these and no others
};

// Throws Error{kUsage} naming `where`.
VersionPolicy parse_version_policy(const std::string& text, const std::string& where);

// What a source has now. A source is a file; NAME=FILE; NAME=FOLDER with folders of versions in it;
// or a folder of models:
//   models/NAME/VERSION/model.pt   VERSION a whole number from 1; any one .pt or .pt2 in it
//   models/NAME/model.pt           version 1
//   models/NAME.pt                 version 1
// Names that begin with a dot are passed over without notice, so that a model may be written there
// and renamed. Throws Error{kUsage} for NAME=FILE whose name cannot be part of a path of the
// server.
struct FoundModels {
  std::vector<ModelFile> files;         // by name, then version
  std::vector<std::string> notes;       // of what has no place in a folder
  std::vector<std::string> unreadable;  // folders: what lies in them is not known
};
FoundModels find_models(const std::string& source, const VersionPolicy& policy);

}  // namespace maas
