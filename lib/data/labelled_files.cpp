#include "data/labelled_files.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include "base/throw_error.h"
#include "data/read_csv_file.h"
#include "sample/csv_grid.h"
#include "sample/image_format.h"
#include "sample/labels.h"
#include "sample/text_pieces.h"

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

// Things that are left out: how many, and the first.
class LeftOut {
 public:
  void add(const std::string& name) {
    if (count_++ == 0) first_ = name;
  }
  void tell(const std::string& what, std::vector<std::string>& into) const {
    if (count_ == 0) return;
    into.push_back(fmt::format("{} {} were left out (first: {})", count_, what, first_));
  }

 private:
  int64_t count_ = 0;
  std::string first_;
};

// What is looked for in the folders.
struct WantedFiles {
  std::function<bool(const fs::path&)> takes;
  std::string name;        // "images"
  std::string extensions;  // ".png, .jpg"
};

class FolderWalk {
 public:
  FolderWalk(LabelledFiles& list, const WantedFiles& wanted) : list_(list), wanted_(wanted) {}

  void add_class(const fs::directory_entry& folder) {
    seen_.clear();
    name_ = folder.path().filename().string();
    walk(folder.path(), name_);
    list_.classes.push_back(name_);
  }
  void leave_out(const std::string& name) { others_.add(name); }
  void tell() const {
    others_.tell(fmt::format("files that are no {}", wanted_.extensions), list_.left_out);
    repeats_.tell("folders that a link leads to once more", list_.left_out);
  }

 private:
  void walk(const fs::path& folder, const std::string& name) {
    struct stat info {};
    if (::stat(folder.c_str(), &info) == 0 && !seen_.insert({info.st_dev, info.st_ino}).second) {
      repeats_.add(name);
      return;
    }
    std::error_code ignored;
    for (const fs::directory_entry& entry : sorted_entries(folder)) {
      const std::string inner = name + "/" + entry.path().filename().string();
      if (entry.is_directory(ignored)) {
        walk(entry.path(), inner);
      } else if (wanted_.takes(entry.path())) {  // whether it can be read shows later
        list_.files.push_back({entry.path().string(), inner, list_.classes.size()});
      } else {
        leave_out(inner);
      }
    }
  }

  LabelledFiles& list_;
  const WantedFiles& wanted_;
  std::string name_;
  std::set<std::pair<dev_t, ino_t>> seen_;  // folders of this class
  LeftOut others_, repeats_;
};

LabelledFiles list_folder(const std::string& root, const WantedFiles& wanted) {
  LabelledFiles list;
  FolderWalk walk(list, wanted);
  std::error_code ignored;
  for (const fs::directory_entry& entry : sorted_entries(root)) {
    if (entry.is_directory(ignored)) {
      walk.add_class(entry);
    } else {
      walk.leave_out(entry.path().filename().string());
    }
  }
  walk.tell();
  if (list.classes.empty()) {
    throw_input(root, "has no folder in it",
                fmt::format("a folder for each class, with {} in it", wanted.name),
                fmt::format("sort the {} into folders named after their classes", wanted.name));
  }
  return list;
}

}  // namespace

LabelledFiles list_image_folder(const std::string& root) {
  return list_folder(root, {has_image_extension, "images", image_extensions()});
}

LabelledFiles list_text_folder(const std::string& root) {
  return list_folder(root, {has_text_extension, "texts", ".txt"});
}

LabelledFiles list_image_rows(const std::string& csv, const DataConfig& data) {
  const TableFormat format = data.table_format();
  const CsvGrid grid = read_csv_file(
      csv, format, {.has_header = data.header, .texts = {data.image, data.label_columns().at(0)}});
  const std::string label = data.label_columns().at(0);
  const int64_t image_column = grid.find(data.image), label_column = grid.find(label);
  const auto cell_of = [&](int64_t row, int64_t column, const std::string& name) {
    const std::string_view cell = grid.text(row, column);
    if (!is_missing(cell, format)) return cell;
    throw_input(grid.cell_place(row, column), fmt::format("the cell of '{}' is empty", name),
                "the path of an image, and its label", "fill it in or remove the row");
  };
  std::set<std::string_view> values;
  for (int64_t row = 0; row < grid.rows(); ++row) values.insert(cell_of(row, label_column, label));
  LabelledFiles list;
  list.classes = sorted_labels(values);
  const LabelIndex known(list.classes);
  const fs::path folder =
      data.root.path.empty() ? fs::path(csv).parent_path() : fs::path(data.root.path);
  for (int64_t row = 0; row < grid.rows(); ++row) {
    const std::string name(cell_of(row, image_column, data.image));
    std::string place = grid.cell_place(row, image_column);
    const int64_t index = known.at(grid.text(row, label_column), [&] { return place; });
    list.files.push_back(
        {(folder / name).string(), name, static_cast<size_t>(index), std::move(place)});
  }
  return list;
}

at::Tensor classes_of(const std::vector<LabelledFile>& files) {
  at::Tensor classes = at::empty({static_cast<int64_t>(files.size())}, at::kLong);
  std::transform(files.begin(), files.end(), classes.mutable_data_ptr<int64_t>(),
                 [](const LabelledFile& file) { return static_cast<int64_t>(file.label); });
  return classes;
}

at::Tensor targets_of(const std::vector<LabelledFile>& files,
                      const std::vector<std::string>& classes,
                      const std::vector<std::string>& labels) {
  const LabelIndex known(labels);
  at::Tensor targets = at::empty({static_cast<int64_t>(files.size())}, at::kLong);
  std::transform(files.begin(), files.end(), targets.mutable_data_ptr<int64_t>(),
                 [&](const LabelledFile& file) {
                   return known.at(classes[file.label],
                                   [&] { return file.place.empty() ? file.path : file.place; });
                 });
  return targets;
}

LabelledFiles list_images(const SourceConfig& where, const DataConfig& data) {
  const std::string& path = where.path.path;
  if (data.type == "texts") return list_text_folder(path);
  return data.type == "image_list" ? list_image_rows(path, data) : list_image_folder(path);
}

}  // namespace maas
