// What to learn from and how samples are prepared: `data:` in a config.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "sample/spec.h"

namespace maas {

// Where the samples of one split lie. IDX takes `images` and `labels`; the others take `path`.
struct SourceConfig {
  InputPath images;  // idx: the file of images, may be gzipped
  InputPath labels;  // idx: the file of labels, may be gzipped
  InputPath path;    // csv, image_list: a CSV file, may be gzipped; images, texts: a folder with a
                     // folder for each class

  bool given() const;
  bool operator==(const SourceConfig&) const = default;
  void describe(Fields& field);
};

// Random changes to training images (augment.h). Each is optional; absent = not done.
struct AugmentConfig {
  std::optional<double> shift;   // pixels, either way, both axes
  std::optional<double> rotate;  // degrees, either way
  std::optional<double> flip;    // probability of mirroring left and right
  std::optional<double> crop;    // pixels of zero padding before a random crop of the old size
  std::optional<double> cutout;  // side of a square that is set to zero, pixels
  std::optional<double> noise;   // standard deviation of Gaussian noise, in units of the full scale

  void describe(Fields& field);
};

struct DataConfig {
  std::string type = "idx";
  SourceConfig train, test, validation_source;
  double validation = 0;
  double test_fraction = 0;
  std::string split = "stratified";  // how rows of train are kept apart: stratified or random
  int64_t limit = 0;
  std::string normalize = "standardize";  // none: pixels from 0 to 255, numbers as they are
  std::vector<AugmentConfig> augment;
  bool prefetch = true;

  // csv; image_list has label and the format of the file, too
  std::string label;                // the column to predict ...
  std::vector<std::string> labels;  // ... or several
  std::string task = "classification";
  std::string group;                    // column: its rows stay together when train is split
  std::string order;                    // column: the last rows by it are kept apart
  std::string targets = "standardize";  // regression; none: the network learns raw numbers
  std::map<std::string, std::string> columns;
  std::string delimiter = ",";
  bool header = true;
  std::string decimal = "auto", thousands = "auto";
  std::string dates = "auto";
  std::string encoding = "utf-8";
  std::vector<std::string> missing_values;
  std::string missing = "error";
  std::string missing_label = "error";
  std::string unknown = "warn";
  double hide_categories = 0.05, hide_text = 0.5;
  int64_t rare = 3;
  std::string categorical = "embedding";
  int64_t numeric_bins = 0;
  int64_t text_buckets = 65536, text_pieces = 1024;

  // image_list
  std::string image = "image";  // the column of paths
  InputPath root;               // what they are relative to; "" = the folder of the CSV file

  // images, image_list, synthetic images; 0 = size of the first image, colour if any has it;
  // 28 x 28 x 1 when synthetic
  int64_t height = 0, width = 0, channels = 0;
  std::string corrupt = "fail";
  double max_skip = 0.01;
  std::string cache = "auto";  // where decoded pixels of files are kept (pixel_cache.h)

  // synthetic
  std::string kind = "image";
  int64_t samples = 1000;
  int64_t classes = 10;
  int64_t features = 16;
  double noise = 0.1;
  int64_t seed = 0;

  std::vector<std::string> label_columns() const;  // label, or labels; of image_list "label"
  bool is_table() const;                           // rows of columns (of text, too), not images
  bool keeps_apart() const;                        // whether parts of train validate or test
  TaskKind task_kind() const;                      // images are classified
  bool standardizes_targets() const;
  TableFormat table_format() const;  // of CSV
  void describe(Fields& field);
};

// Contradictions that no single field shows (csv without a label, a fraction beside a source, ...).
// Throws Error{kUsage} with every problem.
void check_data_config(const DataConfig& config);

}  // namespace maas
