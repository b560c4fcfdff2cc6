#include "serve/model_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <ranges>
#include <system_error>

#include "base/throw_error.h"
#include "serve/session.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostEntries = 10000;  // of a folder

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && number >= 1 && text[0] != '0' ? std::optional(number) : std::nullopt;
}

bool is_model_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".pt" || extension == ".pt2";
}

std::optional<FileStamp> stamp_of(const fs::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return FileStamp{static_cast<uint64_t>(info.st_dev), static_cast<uint64_t>(info.st_ino),
                   static_cast<uint64_t>(info.st_size),
                   info.st_mtim.tv_sec * int64_t{1'000'000'000} + info.st_mtim.tv_nsec};
}

void check_name(const std::string& name, const std::string& where) {
  if (is_model_name(name)) return;
  throw_usage(where, fmt::format("'{}' cannot be part of a path of the server", name),
              "letters, digits and . _ -, at most 128, the first no sign", "give another name");
}

// What a training, or the fine-tuning of a pruning, leaves beside its model.
bool is_of_run(const fs::path& folder) {
  const std::string name = folder.filename().string();
  std::error_code ignored;
  if (folder.extension() == ".run") return fs::exists(folder / "resolved.yaml", ignored);
  return (name == "checkpoints" || name == "folds") &&
         fs::exists(folder.parent_path() / "resolved.yaml", ignored);
}

class Folder {
 public:
  explicit Folder(const VersionPolicy& policy) : policy_(policy) {}

  FoundModels models(const fs::path& root) {
    for (const fs::path& entry : entries_of(root)) {
      std::error_code ignored;
      if (fs::is_directory(entry, ignored)) {
        add_model(entry.filename().string(), entry);
      } else if (is_model_file(entry)) {
        add(entry.stem().string(), 1, entry);
      }
    }
    note_versions(root);
    for (auto& [name, versions] : found_) choose(versions);
    return std::move(all_);
  }

  FoundModels versions(const std::string& name, const fs::path& folder) {
    add_model(name, folder);
    for (auto& [found, versions] : found_) choose(versions);
    return std::move(all_);
  }

 private:
  // Models that are called 1 and 2 are most often versions of one.
  void note_versions(const fs::path& root) {
    const bool are_numbers = !found_.empty() && std::ranges::all_of(found_, [](const auto& model) {
      return whole_number(model.first).has_value();
    });
    if (!are_numbers) return;
    all_.notes.push_back(fmt::format(
        "{}: its folders are taken for models called {}; if they are versions of one, serve "
        "NAME={}",
        root.string(), found_.size() == 1 ? found_.begin()->first : "1, 2 and so on",
        root.string()));
  }

  // By name; what begins with a dot is not there.
  std::vector<fs::path> entries_of(const fs::path& folder) {
    std::vector<fs::path> entries;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (it->path().filename().string().starts_with('.')) continue;
      entries.push_back(it->path());
      if (entries.size() >= kMostEntries) break;
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      all_.unreadable.push_back(folder.string());
      all_.notes.push_back(fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  void add(const std::string& name, int64_t version, const fs::path& path) {
    const auto stamp = stamp_of(path);
    if (!stamp) return;
    if (!is_model_name(name)) {
      note(path, fmt::format("'{}' cannot be part of a path of the server", name));
      return;
    }
    if (!found_[name].try_emplace(version, ModelFile{name, version, path, *stamp}).second) {
      note(path, fmt::format("is a second model '{}' of version {}", name, version));
    }
  }

  void add_model(const std::string& name, const fs::path& folder) {
    if (const auto file = only_file(folder)) add(name, 1, *file);
    for (const fs::path& entry : entries_of(folder)) {
      std::error_code ignored;
      if (!fs::is_directory(entry, ignored)) continue;
      const auto version = whole_number(entry.filename().string());
      if (!version && is_of_run(entry)) continue;
      if (!version) {
        note(entry, "is no version, which is a whole number from 1 on");
      } else if (const auto file = only_file(entry)) {
        add(name, *version, *file);
      } else {
        note(entry, "has no .pt or .pt2" + other_models(entry));
      }
    }
  }

  // What other servers take, where there is one.
  std::string other_models(const fs::path& folder) {
    for (const fs::path& entry : entries_of(folder)) {
      const std::string name = entry.filename().string(), extension = entry.extension().string();
      if (extension == ".onnx") {
        return fmt::format(", but {0}: maas import {0} -o model.pt", name);
      }
      if (name == "saved_model.pb") {
        return ", but a SavedModel: tf2onnx makes ONNX of it, which maas import takes";
      }
      if (extension == ".mar") return ", but an archive of TorchServe's, which holds code";
    }
    return "";
  }

  // model.pt, or else the one model file that there is.
  std::optional<fs::path> only_file(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const fs::path& entry : entries_of(folder)) {
      if (!is_model_file(entry) || !stamp_of(entry)) continue;
      if (entry.stem() == "model") return entry;
      files.push_back(entry);
    }
    if (files.size() > 1) note(folder, "has several models and none is called model.pt");
    return files.size() == 1 ? std::optional(files[0]) : std::nullopt;
  }

  void choose(std::map<int64_t, ModelFile>& versions) {
    int64_t left = policy_.latest;
    for (const auto& [version, file] : std::views::reverse(versions)) {
      const auto& numbers = policy_.numbers;
      const bool wanted = numbers.empty()
                              ? policy_.latest == 0 || left-- > 0
                              : std::find(numbers.begin(), numbers.end(), version) != numbers.end();
      if (wanted) all_.files.push_back(file);
    }
  }

  void note(const fs::path& path, const std::string& what) {
    all_.notes.push_back(fmt::format("{}: {}; left out", path.string(), what));
  }

  const VersionPolicy& policy_;
  std::map<std::string, std::map<int64_t, ModelFile>> found_;
  FoundModels all_;
};

}  // namespace

VersionPolicy parse_version_policy(const std::string& text, const std::string& where) {
  if (text == "all") return {.latest = 0};
  if (text == "latest") return {};
  VersionPolicy policy;
  bool right = true;
  if (text.starts_with("latest:")) {
    const auto count = whole_number(std::string_view(text).substr(7));
    policy.latest = count.value_or(1);
    right = count.has_value();
  } else {
    for (size_t begin = 0; begin <= text.size() && right;) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const auto number = whole_number(std::string_view(text).substr(begin, end - begin));
      right = number.has_value();
      policy.numbers.push_back(number.value_or(0));
      begin = end + 1;
    }
  }
  if (!right) {
    throw_usage(where, fmt::format("'{}' names no versions", text),
                "latest, latest:N, all, or numbers such as 1,3", "give one of them");
  }
  return policy;
}

FoundModels find_models(const std::string& source, const VersionPolicy& policy) {
  std::error_code ignored;
  if (fs::is_directory(source, ignored)) return Folder(policy).models(source);
  ModelFile file{.name = "", .version = 1, .path = source};
  const size_t equals = source.find('=');
  if (!fs::exists(source, ignored) && equals != std::string::npos) {
    file.name = source.substr(0, equals);
    file.path = source.substr(equals + 1);
    check_name(file.name, source);
    const bool is_run = fs::exists(file.path / "resolved.yaml", ignored);
    if (fs::is_directory(file.path, ignored) && !is_run) {
      return Folder(policy).versions(file.name, file.path);
    }
  }
  // What cannot be opened is told by whoever opens it.
  file.stamp = stamp_of(file.path).value_or(FileStamp{});
  return {{file}, {}, {}};
}

}  // namespace maas
