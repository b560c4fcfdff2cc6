// Which images or texts there are, and the class of each: from folders, or from a CSV file.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "data/data_config.h"

namespace maas {

struct LabelledFile {
  std::string path;
  std::string name;        // below the folder: "cats/2021/3.jpg"; or as the CSV file has it
  size_t label = 0;        // index into LabelledFiles::classes
  std::string place = {};  // the cell that names it, "pets.csv:3:1"; "" = found in a folder
};

struct LabelledFiles {
  std::vector<std::string> classes;
  std::vector<LabelledFile> files;
  std::vector<std::string> left_out = {};  // what was left out, in words with counts
};

// Every image in the folders of `root`, at any depth: the folder right below `root` is the class.
// Classes and, within each, paths are in the order of their bytes, folder by folder. Links are
// followed; a folder that a class holds already is left out, so that no loop of links is endless.
// Names that start with a dot are passed over without notice. Throws Error{kInput} when `root` is
// no folder or has no folder in it, kResources when one may not be listed.
LabelledFiles list_image_folder(const std::string& root);

// The same of text files: .txt, whatever the case.
LabelledFiles list_text_folder(const std::string& root);

// The rows of a CSV file (may be gzipped): the columns data.image and data.label, in the form that
// `data` says. Paths are relative to data.root, or else to the folder of the CSV file; nothing is
// opened yet. Classes are in the order of sorted_labels(). Throws Error{kInput} for a file that
// cannot be read, an absent column, an empty cell.
LabelledFiles list_image_rows(const std::string& csv, const DataConfig& data);

// The class of each file, int64 [files].
at::Tensor classes_of(const std::vector<LabelledFile>& files);
// The place of its class in `labels`, int64 [files]. Throws Error{kInput} naming the file, or the
// cell that names it, whose class is not there.
at::Tensor targets_of(const std::vector<LabelledFile>& files,
                      const std::vector<std::string>& classes,
                      const std::vector<std::string>& labels);

// By data.type: images, image_list or texts.
LabelledFiles list_images(const SourceConfig& where, const DataConfig& data);

}  // namespace maas
