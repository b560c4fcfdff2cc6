#include "data/data_config.h"

namespace maas {

namespace {

const std::vector<std::string> kWithText = {"csv", "texts"};

}  // namespace

bool SourceConfig::given() const {
  return !images.path.empty() || !labels.path.empty() || !path.path.empty();
}

std::vector<std::string> DataConfig::label_columns() const {
  if (type == "image_list" && label.empty()) return {"label"};
  return label.empty() ? labels : std::vector<std::string>{label};
}

bool DataConfig::is_table() const {
  return type == "csv" || type == "texts" || (type == "synthetic" && kind == "table");
}

bool DataConfig::keeps_apart() const {
  return (validation > 0 && !validation_source.given()) || (test_fraction > 0 && !test.given());
}

TaskKind DataConfig::task_kind() const {
  if (!is_table() || task == "classification") return TaskKind::kClassification;
  return task == "regression" ? TaskKind::kRegression : TaskKind::kMultiLabel;
}

bool DataConfig::standardizes_targets() const {
  return task_kind() == TaskKind::kRegression && targets == "standardize";
}

TableFormat DataConfig::table_format() const {
  return {.delimiter = delimiter == "\\t" ? "\t" : delimiter,
          .header = header,
          .decimal = decimal,
          .thousands = thousands,
          .encoding = encoding,
          .missing_values = missing_values};
}

void SourceConfig::describe(Fields& field) {
  field("images", images).doc("IDX file of images, may be gzipped");
  field("labels", labels).doc("IDX file of labels, may be gzipped");
  field("path", path)
      .doc("CSV file (may be gzipped), or folder with a folder of images or texts for each class");
}

void AugmentConfig::describe(Fields& field) {
  field("shift", shift).between(0, 1024).doc("move by up to so many pixels, either way, both axes");
  field("rotate", rotate).between(0, 180).doc("rotate by up to so many degrees, either way");
  field("flip", flip).between(0, 1).doc("probability of mirroring left and right");
  field("crop", crop).between(0, 1024).doc("pixels of zero padding before a random crop");
  field("cutout", cutout).between(0, 1024).doc("side in pixels of a square that is set to zero");
  field("noise", noise)
      .between(0, 1)
      .doc("standard deviation of Gaussian noise; 1 = the full scale");
}

namespace {

void describe_sources(DataConfig& data, Fields& field) {
  const std::vector<std::string> files = {"idx", "csv", "images", "image_list", "texts"};
  field("type", data.type)
      .one_of({"idx", "csv", "images", "image_list", "texts", "synthetic"})
      .doc(
          "form of the data: MNIST's IDX, a table, folders of images, a CSV file that names "
          "images, folders of text files, or made up");
  field("train", data.train)
      .only_for("type", files)
      .shorthand("path")
      .doc("where the training samples lie");
  field("test", data.test)
      .only_for("type", files)
      .shorthand("path")
      .instead_of({"test_fraction"})
      .doc("where the test samples lie");
  field("test_fraction", data.test_fraction)
      .between(0, 0.9)
      .instead_of({"test"})
      .doc("part of train kept for testing, when there is no `test`");
  field("validation", data.validation)
      .between(0, 0.9)
      .instead_of({"validation_source"})
      .doc("part of train kept to choose the best weights; 0 = none");
  field("split", data.split)
      .one_of({"stratified", "random"})
      .doc(
          "how rows are drawn from train to be kept apart: stratified = of each class its share, "
          "when there are classes; random = whatever their class; see also group and order");
  field("validation_source", data.validation_source)
      .only_for("type", files)
      .shorthand("path")
      .instead_of({"validation"})
      .doc("where validation samples lie, instead of a part of train");
  field("limit", data.limit)
      .at_least(0)
      .doc("use at most so many samples of train, drawn by the seed; 0 = all");
  field("normalize", data.normalize)
      .one_of({"none", "unit", "standardize", "imagenet"})
      .doc(
          "in the graph: none = pixels 0 to 255, numbers as they are; unit = pixels / 255; "
          "standardize = by the training mean and standard deviation; imagenet = by those of "
          "ImageNet, as networks expect that were trained with it");
  field("augment", data.augment)
      .only_for("type", {"idx", "images", "image_list", "synthetic"})
      .doc("random changes to training images");
  field("prefetch", data.prefetch).doc("load the next batches while a step runs");
}

// What a table is to predict, and which rows stay together.
void describe_labels(DataConfig& data, Fields& field) {
  field("label", data.label)
      .only_for("type", {"csv", "image_list"})
      .doc("column to predict; of image_list the default is label");
  field("labels", data.labels).only_for("type", {"csv"}).doc("columns to predict, when several");
  field("task", data.task)
      .only_for("type", {"csv", "synthetic"})
      .one_of({"classification", "regression", "multi_label"})
      .doc("what to predict: one of several labels, numbers, or yes or no for each label");
  field("group", data.group)
      .only_for("type", {"csv"})
      .doc(
          "column whose rows of one value are never in two splits (a patient, a customer); no "
          "input unless data.columns names it");
  field("order", data.order)
      .only_for("type", {"csv"})
      .doc(
          "column of numbers, dates or text by which the last rows of train become validation and, "
          "after these, test; no input unless data.columns names it");
  field("targets", data.targets)
      .only_for("task", {"regression"})
      .one_of({"standardize", "none"})
      .doc(
          "numbers to predict: standardize = the network learns them by their training mean and "
          "standard deviation, and the graph gives them back in their units; none = learnt as they "
          "are");
}

void describe_tables(DataConfig& data, Fields& field) {
  field("columns", data.columns)
      .only_for("type", {"csv"})
      .doc(
          "column name: numeric, date, categorical, text or ignore; others are told by their "
          "values");
  field("delimiter", data.delimiter)
      .only_for("type", {"csv", "image_list"})
      .doc("one character, or \\t");
  field("header", data.header)
      .only_for("type", {"csv", "image_list"})
      .doc("first row holds the names; else they are column_1, column_2, ...");
  field("decimal", data.decimal)
      .only_for("type", {"csv"})
      .one_of({"auto", ".", ","})
      .doc(
          "sign before the decimals of numbers; auto = \",\" where the columns can be read in this "
          "way alone, else \".\"; a model reads CSV as it was trained");
  field("thousands", data.thousands)
      .only_for("type", {"csv"})
      .one_of({"auto", "", ",", ".", " ", "'"})
      .doc(
          "sign between groups of three digits; \"\" = none; auto = as the columns have it where "
          "they can be read in this way alone, else none");
  field("dates", data.dates)
      .only_for("type", {"csv"})
      .one_of({"auto", "day_first", "month_first"})
      .doc(
          "of 3/4/2021 and the like, where no cell of the column tells; dates that begin with the "
          "year need nothing");
  field("encoding", data.encoding)
      .only_for("type", {"csv", "image_list", "texts"})
      .one_of({"utf-8", "latin-1", "windows-1252"})
      .doc("of the text");
  field("missing_values", data.missing_values)
      .only_for("type", {"csv", "image_list"})
      .doc("cells that mean a missing value, besides the usual spellings (NA, NaN, null, ?, ...)");
}

void describe_cells(DataConfig& data, Fields& field) {
  field("missing", data.missing)
      .only_for("type", kWithText)
      .one_of({"error", "mean", "drop"})
      .doc("empty values: mean also means unknown for categories; drop leaves the row out");
  field("missing_label", data.missing_label)
      .only_for("type", {"csv"})
      .one_of({"error", "drop"})
      .doc("rows without a label: an error, or left out with a warning that counts them");
  field("unknown", data.unknown)
      .only_for("type", {"csv"})
      .one_of({"warn", "error"})
      .doc("categories that training did not have: count as unknown with a warning, or fail");
  field("hide_categories", data.hide_categories)
      .only_for("type", {"csv"})
      .between(0, 0.5)
      .doc(
          "part of the categories that training shows as unknown, drawn anew in every step, so "
          "that the model learns what to answer for those it has never seen; 0 = none");
  field("hide_text", data.hide_text)
      .only_for("type", kWithText)
      .between(0, 0.9)
      .doc(
          "part of the pieces of texts that training leaves out, drawn anew in every step, so that "
          "the model does not learn rows by heart; 0 = none");
  field("text_buckets", data.text_buckets)
      .only_for("type", kWithText)
      .between(16, static_cast<double>(kMostTextBuckets))
      .doc(
          "rows of the table that words, pairs of words and pieces of words are hashed into; more "
          "keep more of them apart and make a larger model");
  field("text_pieces", data.text_pieces)
      .only_for("type", kWithText)
      .between(16, static_cast<double>(kMostTextPieces))
      .doc("most pieces of a row's texts that count; shorter texts make a narrower input");
  field("rare", data.rare)
      .only_for("type", {"csv"})
      .between(0, 1e6)
      .doc(
          "categories in fewer training rows count as unknown, since so few rows teach chance; 0 "
          "or "
          "1 = all are learnt");
  field("categorical", data.categorical)
      .only_for("type", {"csv"})
      .one_of({"one_hot", "embedding"})
      .doc("how the model takes categories in");
  field("numeric_bins", data.numeric_bins)
      .only_for("type", {"csv"})
      .between(0, 256)
      .doc(
          "cuts each number at quantiles of the training rows, and gives the network beside the "
          "number how far it is through each bin (piecewise linear encoding); 0 = the number "
          "alone");
}

void describe_images(DataConfig& data, Fields& field) {
  const std::vector<std::string> types = {"images", "image_list", "synthetic"};
  field("image", data.image)
      .only_for("type", {"image_list"})
      .doc("column with the path of each image");
  field("root", data.root)
      .only_for("type", {"image_list"})
      .doc("folder that these paths are relative to; \"\" = the folder of the CSV file");
  field("height", data.height)
      .only_for("type", types)
      .between(0, 4096)
      .doc(
          "pixels; images of other sizes are resized to cover height x width and cut at their "
          "centre; 0 = as the first image has");
  field("width", data.width).only_for("type", types).between(0, 4096).doc("as height");
  field("channels", data.channels)
      .only_for("type", types)
      .one_of({"0", "1", "3"})
      .doc("1 = grey, 3 = colour; 0 = colour if any image has it");
  field("corrupt", data.corrupt)
      .only_for("type", {"images", "image_list"})
      .one_of({"fail", "skip"})
      .doc("images that are missing or cannot be decoded");
  field("max_skip", data.max_skip)
      .only_for("corrupt", {"skip"})
      .between(0, 1)
      .doc("largest part of the images that may be skipped");
  field("cache", data.cache)
      .only_for("type", {"images", "image_list"})
      .one_of({"auto", "memory", "none"})
      .doc(
          "decoded pixels: auto = kept in memory where they take at most half of what is free, "
          "else "
          "files are decoded in every epoch, which is told; memory = kept, or refused where they "
          "do not fit; none = decoded in every epoch");
}

void describe_synthetic(DataConfig& data, Fields& field) {
  const std::vector<std::string> only = {"synthetic"};
  field("kind", data.kind).only_for("type", only).one_of({"image", "table"}).doc("what to make");
  field("samples", data.samples).only_for("type", only).between(2, 1e9).doc("how many to make");
  field("classes", data.classes)
      .only_for("type", only)
      .between(1, 1e6)
      .doc("labels, or targets of a regression");
  field("features", data.features)
      .only_for("type", only)
      .between(1, 1e6)
      .doc("numeric columns of a table");
  field("noise", data.noise)
      .only_for("type", only)
      .between(0, 1e3)
      .doc("standard deviation of noise; images have values 0 to 1");
  field("seed", data.seed).only_for("type", only).at_least(0).doc("decides the samples");
}

}  // namespace

void DataConfig::describe(Fields& field) {
  describe_sources(*this, field);
  describe_labels(*this, field);
  describe_tables(*this, field);
  describe_cells(*this, field);
  describe_images(*this, field);
  describe_synthetic(*this, field);
}

}  // namespace maas
