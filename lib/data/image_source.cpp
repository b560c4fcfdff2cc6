// Images in files: of a folder with a folder for each class, or named by a CSV file.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <thread>

#include "base/files.h"
#include "base/memory.h"
#include "base/throw_error.h"
#include "data/labelled_files.h"
#include "data/pixel_cache.h"
#include "data/row_gather.h"
#include "data/source.h"
#include "data/tensor_dataset.h"
#include "sample/image_codec.h"
#include "sample/image_format.h"

namespace maas {
namespace {

constexpr int64_t kMostImageBytes = int64_t{256} << 20;
constexpr size_t kMostNamesInWarnings = 10'000;
constexpr int64_t kBytesBetweenLooks = int64_t{64} << 20;  // at the memory that is left
constexpr const char* kSkipHint = "set data.corrupt: skip to leave such images out";

// work(bytes of the file). Its error tells the row that names the file, too, and `hint`.
template <class Work>
auto with_bytes(const LabelledFile& file, const std::string& hint, const Work& work) {
  try {
    std::error_code absent;  // of which reading tells more
    const auto status = std::filesystem::status(file.path, absent);
    if (status.type() == std::filesystem::file_type::not_found && !file.place.empty()) {
      throw_input(
          file.path, "is not there", "an image",
          "correct the path, which counts from data.root, or else from the CSV file's folder");
    }
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
      throw_input(file.path, "is no file", "an image", "name an image");
    }
    return work(read_file(file.path, kMostImageBytes));
  } catch (const Error& error) {
    Problem problem = error.first();
    if (!file.place.empty()) problem.where = file.place + ": " + problem.where;
    if (!hint.empty()) problem.fix += (problem.fix.empty() ? "" : ", or ") + hint;
    throw Error(error.kind(), std::move(problem));
  }
}

// work(i) for i in [0, count) on a few threads; the failure with the lowest i is thrown.
template <class Work>
void spread(int64_t count, const Work& work) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  int64_t failed_at = count;
  std::exception_ptr failure;
  const auto run = [&] {
    for (int64_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed_at) failed_at = i, failure = std::current_exception();
        next = count;
      }
    }
  };
  const int64_t threads =
      std::clamp<int64_t>(at::get_num_threads(), 1, std::min<int64_t>(count, 8));
  std::vector<std::jthread> team;
  for (int64_t t = 1; t < threads; ++t) team.emplace_back(run);
  run();
  team.clear();
  if (failure) std::rethrow_exception(failure);
}

// Decodes a batch when it is asked for: for sets that are not kept in memory.
class LazyImages final : public Dataset {
 public:
  LazyImages(std::vector<LabelledFile> files, at::Tensor targets, DataSpec spec)
      : files_(std::move(files)), targets_(std::move(targets)), spec_(std::move(spec)) {}

  int64_t size() const override { return targets_.size(0); }
  Batch rows(const at::Tensor& index) const override {
    const InputSpec& form = spec_.input;
    Batch batch;
    batch.targets = targets(index);
    at::Tensor images =
        at::empty({index.size(0), form.channels, form.height, form.width}, at::kByte);
    const int64_t each = form.channels * form.height * form.width;
    auto* to = images.mutable_data_ptr<uint8_t>();
    const auto* row = index.const_data_ptr<int64_t>();
    spread(index.size(0), [&](int64_t i) {
      const LabelledFile& file = files_[row[i]];
      const at::Tensor pixels = with_bytes(file, "", [&](const std::string& bytes) {
        return decode_to_fit(bytes, file.path, form);
      });
      std::memcpy(to + i * each, pixels.const_data_ptr(), static_cast<size_t>(each));
    });
    batch.inputs = {images};
    return batch;
  }
  at::Tensor targets(const at::Tensor& index) const override {
    return gather_rows(targets_, index);
  }
  bool in_memory() const override { return false; }
  const DataSpec& spec() const override { return spec_; }
  std::string name_of(int64_t i) const override { return files_[i].name; }

 private:
  std::vector<LabelledFile> files_;
  at::Tensor targets_;
  DataSpec spec_;
};

class ImageSource final : public Source {
 public:
  explicit ImageSource(const SourceRequest& request)
      : config_(request.config), split_(request.split), root_(request.where.path.path) {
    LabelledFiles list = list_images(request.where, config_);
    files_ = std::move(list.files);
    classes_ = std::move(list.classes);
    for (const std::string& what : list.left_out) {
      request.warnings.push_back(fmt::format("{}: {}", split_, what));
    }
    if (files_.empty()) {
      throw_input(root_, fmt::format("0 images of {} classes", classes_.size()),
                  fmt::format("images: {}", image_extensions()), "check the path");
    }
    form_ = request.known ? request.known->input : find_form(request.warnings);
    load(request.warnings);
  }

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }

  RowMarks marks() const override { return {.classes = classes_of(files_)}; }

  DataSpec learn(const at::Tensor& index, std::vector<std::string>& /*told*/) const override {
    DataSpec spec;
    spec.input = form_;
    spec.task.labels = classes_;
    std::vector<ChannelSums> sums(static_cast<size_t>(form_.channels));
    for (const int64_t row : std::span(index.const_data_ptr<int64_t>(), index.numel())) {
      for (size_t c = 0; c < sums.size(); ++c) {
        const ChannelSums& one = sums_[static_cast<size_t>(row) * sums.size() + c];
        sums[c].sum += one.sum;
        sums[c].squares += one.squares;
      }
    }
    set_channel_statistics(sums, static_cast<double>(index.size(0) * form_.height * form_.width),
                           spec.input);
    return spec;
  }

  std::shared_ptr<const Dataset> conform(const DataSpec& spec,
                                         std::vector<std::string>& warnings) const override {
    if (spec.input.kind != InputKind::kImage || spec.task.kind != TaskKind::kClassification) {
      throw_input(root_, "holds images with one label each",
                  fmt::format("{} data for {}", to_text(spec.input.kind), to_text(spec.task.kind)),
                  "give data of the kind that the model was trained on");
    }
    const at::Tensor targets = targets_of(files_, classes_, spec.task.labels);
    warn_of_empty_classes(spec.task, warnings);
    if (!pixels_.defined()) return std::make_shared<LazyImages>(files_, targets, spec);
    return tensor_dataset({.inputs = {pixels_},
                           .targets = targets,
                           .spec = spec,
                           .name_of = [files = files_](int64_t i) { return files[i].name; }});
  }

 private:
  // Colour as soon as one image has it: grey ones lose nothing in colour. 0 = no header tells.
  int64_t find_channels(std::vector<std::string>& warnings) const {
    int64_t channels = 0;
    for (const LabelledFile& file : files_) {
      int64_t stored = 0;
      try {
        stored = with_bytes(file, kSkipHint, stored_channels);
      } catch (const Error&) {
        if (config_.corrupt == "fail") throw;
      }
      if (stored == 3 && channels == 1) {
        warnings.push_back(fmt::format(
            "{}: grey images count as colour, since others have it (first: {}; data.channels: 1 "
            "would make all grey)",
            split_, file.name));
      }
      channels = std::max(channels, stored);
      if (channels == 3) break;
    }
    return channels;
  }

  // Size and channels: from the config, else the size that the first image that decodes has.
  InputSpec find_form(std::vector<std::string>& warnings) const {
    InputSpec form;
    form.channels = config_.channels > 0 ? config_.channels : find_channels(warnings);
    form.height = config_.height;
    form.width = config_.width;
    form.resize_to_fit = config_.height > 0;
    if (form.height > 0 && form.channels > 0) return form;
    for (const LabelledFile& file : files_) {
      try {
        const at::Tensor first = with_bytes(file, kSkipHint, [&](const std::string& bytes) {
          return decode_pixels(bytes, file.path, {.channels = form.channels});
        });
        form.channels = first.size(0);
        if (form.height == 0) form.height = first.size(1), form.width = first.size(2);
        return form;
      } catch (const Error&) {
        if (config_.corrupt == "fail") throw;
      }
    }
    throw_input(root_, fmt::format("none of {} images can be decoded", files_.size()),
                fmt::format("{} images", image_format_names()), "check the files");
  }

  // Decodes every image once: into memory when all fit, else for the sums and to find damage.
  void load(std::vector<std::string>& warnings) {
    PixelCache cache(config_.cache,
                     fmt::format("{}: {} images of {} x {} in {}", split_, size(), form_.width,
                                 form_.height, form_.channels == 1 ? "grey" : "colour"),
                     size(), form_, [] { return available_memory(); });
    if (cache.keeps()) {
      pixels_ = at::empty({size(), form_.channels, form_.height, form_.width}, at::kByte);
    }
    sums_.resize(files_.size() * static_cast<size_t>(form_.channels));
    std::vector<std::string> faults(files_.size());
    std::vector<char> turned(files_.size());  // not vector<bool>: written from several threads
    const int64_t between_looks =
        std::max<int64_t>(1, kBytesBetweenLooks / (form_.channels * form_.height * form_.width));
    std::mutex asking;
    std::atomic<bool> fits = cache.keeps();
    spread(size(), [&](int64_t i) {
      if (fits && i % between_looks == 0) {
        const std::lock_guard lock(asking);
        fits = cache.still_fits();
      }
      try {
        with_bytes(files_[i], kSkipHint, [&](const std::string& bytes) {
          keep(i, decode_to_fit(bytes, files_[i].path, form_), fits);
          turned[i] = stored_orientation(bytes) != 1 ? 1 : 0;
        });
      } catch (const Error& error) {
        if (config_.corrupt == "fail") throw;
        faults[i] = error.first().what;
      }
    });
    if (!fits) pixels_ = at::Tensor();
    if (std::string told = cache.told(); !told.empty()) warnings.push_back(std::move(told));
    tell_turned(turned, warnings);
    if (config_.corrupt == "skip") drop(faults, warnings);
  }

  void tell_turned(const std::vector<char>& turned, std::vector<std::string>& warnings) const {
    const auto count = std::count(turned.begin(), turned.end(), 1);
    if (count == 0) return;
    const auto first = std::find(turned.begin(), turned.end(), 1) - turned.begin();
    warnings.push_back(
        fmt::format("{}: {} of {} images lie turned or mirrored in their files, and are taken as "
                    "their EXIF orientation shows them (first: {})",
                    split_, count, files_.size(), files_[first].name));
  }

  // A folder without images has no sample that would have to be known.
  void warn_of_empty_classes(const TaskSpec& task, std::vector<std::string>& warnings) const {
    std::set<std::string> strange(classes_.begin(), classes_.end());
    for (const std::string& known : task.labels) strange.erase(known);
    for (const std::string& name : strange) {
      warnings.push_back(fmt::format(
          "{}: the class '{}' has no image here and no label in the model", split_, name));
    }
  }

  // Its sums, and its pixels when they stay.
  void keep(int64_t i, const at::Tensor& image, bool pixels_stay) {
    const int64_t plane = form_.height * form_.width;
    const auto* data = image.const_data_ptr<uint8_t>();
    for (int64_t c = 0; c < form_.channels; ++c) {
      uint64_t sum = 0, squares = 0;
      for (const auto* p = data + c * plane; p < data + (c + 1) * plane; ++p) {
        sum += *p;
        squares += uint64_t{*p} * *p;
      }
      sums_[i * form_.channels + c] = {static_cast<double>(sum), static_cast<double>(squares)};
    }
    if (!pixels_stay) return;
    std::memcpy(pixels_.mutable_data_ptr<uint8_t>() + i * image.numel(), data,
                static_cast<size_t>(image.numel()));
  }

  void drop(const std::vector<std::string>& faults, std::vector<std::string>& warnings) {
    const auto bad = static_cast<size_t>(std::count_if(
        faults.begin(), faults.end(), [](const std::string& fault) { return !fault.empty(); }));
    if (bad == 0) return;
    const auto most = static_cast<size_t>(config_.max_skip * static_cast<double>(files_.size()));
    const size_t first =
        static_cast<size_t>(std::find_if(faults.begin(), faults.end(),
                                         [](const std::string& fault) { return !fault.empty(); }) -
                            faults.begin());
    if (bad > most) {
      throw_input(root_,
                  fmt::format("{} of {} images cannot be used (first: {}: {})", bad, files_.size(),
                              files_[first].name, faults[first]),
                  fmt::format("at most {} (data.max_skip: {})", most, config_.max_skip),
                  "repair or remove them, or raise data.max_skip");
    }
    warnings.push_back(
        fmt::format("{}: skipped {} of {} images that cannot be used", split_, bad, files_.size()));
    remove_rows(faults, warnings);
  }

  void remove_rows(const std::vector<std::string>& faults, std::vector<std::string>& warnings) {
    const auto channels = static_cast<size_t>(form_.channels);
    std::vector<LabelledFile> files;
    std::vector<ChannelSums> sums;
    std::vector<int64_t> good;
    size_t named = 0;
    for (size_t i = 0; i < files_.size(); ++i) {
      if (faults[i].empty()) {
        good.push_back(static_cast<int64_t>(i));
        files.push_back(files_[i]);
        const auto from = sums_.begin() + static_cast<int64_t>(i * channels);
        sums.insert(sums.end(), from, from + form_.channels);
      } else if (named++ < kMostNamesInWarnings) {
        warnings.push_back(fmt::format("{}: skipped {}: {}", split_, files_[i].name, faults[i]));
      }
    }
    if (pixels_.defined()) move_up(good);
    files_ = std::move(files);
    sums_ = std::move(sums);
  }

  // The pixels of the images `good`, ascending, one behind the other; a copy might not fit.
  void move_up(const std::vector<int64_t>& good) {
    const auto each = static_cast<size_t>(form_.channels * form_.height * form_.width);
    auto* data = pixels_.mutable_data_ptr<uint8_t>();
    for (size_t to = 0; to < good.size(); ++to) {
      std::memmove(data + to * each, data + static_cast<size_t>(good[to]) * each, each);
    }
    pixels_ = pixels_.narrow(0, 0, static_cast<int64_t>(good.size()));
  }

  const DataConfig config_;
  std::string split_, root_;
  std::vector<LabelledFile> files_;
  std::vector<std::string> classes_;
  InputSpec form_;
  at::Tensor pixels_;              // uint8 [N, C, H, W]; undefined when they are not kept
  std::vector<ChannelSums> sums_;  // of image i, channel c at i * C + c
};

}  // namespace

std::unique_ptr<Source> open_image_source(const SourceRequest& request) {
  return std::make_unique<ImageSource>(request);
}

}  // namespace maas
