#include "suit_images.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "column_facts.h"
#include "sample/image_codec.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSmallSide = 64;  // of icons, characters, thumbnails
constexpr std::array<int64_t, 4> kSides = {64, 96, 128, 224};
constexpr int64_t kFewImages = 5000;  // turned, too, while training
// Multiply-adds of a whole training: about 20 minutes on two cores, which do some 30e9 a second.
constexpr double kMostWork = 4e13;

// `count` of `files`, from all over them.
std::vector<fs::path> some_of(const std::vector<fs::path>& files, size_t count) {
  count = std::min(count, files.size());
  std::vector<fs::path> some;
  for (size_t i = 0; i < count; ++i) some.push_back(files[i * files.size() / count]);
  return some;
}

// By their headers, those that have one.
std::vector<ImageSize> sizes_of(const std::vector<fs::path>& files) {
  std::vector<ImageSize> sizes;
  for (const fs::path& file : files) {
    try {
      const ImageSize size = shown_size(MappedFile(file).bytes());
      if (size.width > 0) sizes.push_back(size);
    } catch (const Error&) {  // told when training starts
    }
  }
  return sizes;
}

int64_t shorter_side(const ImageSize& size) { return std::min(size.width, size.height); }

std::string to_text(const ImageSize& size) {
  return fmt::format("{} x {}", size.width, size.height);
}

// "sizes of 400 images, width x height: 480 x 640 the smallest, 640 x 480 the commonest (75%), ..."
std::string text_of_sizes(const std::vector<ImageSize>& sizes) {
  const auto by_pixels = [](const ImageSize& a, const ImageSize& b) {
    return a.width * a.height < b.width * b.height;
  };
  std::map<std::pair<int64_t, int64_t>, size_t> counts;
  for (const ImageSize& size : sizes) ++counts[{size.width, size.height}];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (counts.size() == 1) {
    return fmt::format("sizes of {} images, width x height: all {}", sizes.size(),
                       to_text(sizes.front()));
  }
  const auto [smallest, largest] = std::minmax_element(sizes.begin(), sizes.end(), by_pixels);
  return fmt::format(
      "sizes of {} images, width x height: {} the smallest, {} the commonest ({}%), {} the largest",
      sizes.size(), to_text(*smallest), to_text({most->first.first, most->first.second}),
      most->second * 100 / sizes.size(), to_text(*largest));
}

// The value that `part` of `values` do not reach.
int64_t quantile(std::vector<int64_t> values, double part) {
  const auto place = static_cast<int64_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<size_t>(place)];
}

// As many blocks as leave some 8 to 16 pixels of a side to the last of them.
std::vector<int64_t> channels_for(int64_t side) {
  if (side < 24) return {32, 64};
  if (side < 64) return {32, 64, 128};
  if (side <= 96) return {16, 32, 64, 128};
  return {16, 32, 64, 128, 128};
}

// Multiply-adds of learning from all images in one epoch: forward, and twice as much backward. The
// network is zoo/convnet.cpp's, for colour.
double work_of_epoch(const DataGuess& guess, const ImageSize& size) {
  double work = 0, before = 3, pixels = static_cast<double>(size.width * size.height);
  for (const int64_t channels : channels_for(shorter_side(size))) {
    const auto now = static_cast<double>(channels);
    work += 9 * (before + now) * now * pixels;
    before = now;
    pixels /= 4;
  }
  return 3 * work * 0.7 * static_cast<double>(guess.samples);
}

struct ChosenSize {
  ImageSize size;
  std::string why;
};

template <class Side>
std::vector<int64_t> sides_of(const std::vector<ImageSize>& sizes, const Side& side) {
  std::vector<int64_t> sides(sizes.size());
  std::transform(sizes.begin(), sizes.end(), sides.begin(), side);
  return sides;
}

ChosenSize choose_small(const std::vector<ImageSize>& sizes) {
  const auto middle = [&](const auto& side) {
    const std::vector<int64_t> all = sides_of(sizes, side);
    return std::clamp<int64_t>((quantile(all, 0.5) + 2) / 4 * 4, 8, kSmallSide);
  };
  const ImageSize size = {middle([](const ImageSize& one) { return one.width; }),
                          middle([](const ImageSize& one) { return one.height; })};
  return {size, to_text(size) + ": as most of them, in steps of 4"};
}

ChosenSize choose_square(const DataGuess& guess, const std::vector<ImageSize>& sizes) {
  const int64_t there = quantile(sides_of(sizes, shorter_side), 0.25);
  ChosenSize chosen = {{kSides[0], kSides[0]}, ""};
  std::string limit =
      fmt::format("a quarter have {} pixels or fewer in their shorter sides", there);
  for (const int64_t side : kSides) {
    if (side > there) break;
    const double work = work_of_epoch(guess, {side, side}) * static_cast<double>(epochs_for(guess));
    if (side > kSides[0] && work > kMostWork) {
      limit = fmt::format("from {} images at {} x {} two cores would learn for over 20 minutes",
                          guess.samples, side, side);
      break;
    }
    chosen.size = {side, side};
    limit = side == kSides.back() ? "photographs rarely need more" : limit;
  }
  chosen.why = fmt::format("{}: of {}; {}", to_text(chosen.size), fmt::join(kSides, ", "), limit);
  return chosen;
}

ChosenSize choose_size(const DataGuess& guess, const std::vector<ImageSize>& sizes) {
  if (sizes.empty()) return {{32, 32}, "32 x 32: no header tells a size"};
  const auto small = std::count_if(sizes.begin(), sizes.end(), [](const ImageSize& size) {
    return std::max(size.width, size.height) <= kSmallSide;
  });
  const bool mostly_small = 2 * static_cast<size_t>(small) > sizes.size();
  return mostly_small ? choose_small(sizes) : choose_square(guess, sizes);
}

// Pictures are made to cover the size, and cut at their centre: what is lost may be what they show.
// "" = little is.
std::string warning_of_cuts(const std::vector<ImageSize>& sizes, const ImageSize& size) {
  constexpr double kMuch = 0.25;  // of a picture
  int64_t cut = 0;
  double most = 0;
  for (const ImageSize& one : sizes) {
    const double ratio =
        static_cast<double>(one.width * size.height) / static_cast<double>(one.height * size.width);
    const double lost = 1 - std::min(ratio, 1 / ratio);
    cut += lost > kMuch ? 1 : 0;
    most = std::max(most, lost);
  }
  if (20 * static_cast<size_t>(cut) < sizes.size() || cut == 0) return "";
  return fmt::format(
      "{} of {} images lose more than a quarter of their pixels, up to {:.0f} %: they are resized "
      "to "
      "cover {} and cut at their centre; where what they show lies at the ends, bring them to one "
      "shape before (pad or stretch them), or choose data.height and data.width as most are",
      cut, sizes.size(), 100 * most, to_text(size));
}

// Grey and of few pixels, each of those that are looked at.
bool are_characters(const std::vector<fs::path>& files) {
  int64_t seen = 0;
  for (const fs::path& file : files) {
    try {
      const at::Tensor pixels = decode_pixels(MappedFile(file).bytes(), file.string(), {});
      const bool grey =
          pixels.size(0) == 1 || (pixels[0].equal(pixels[1]) && pixels[1].equal(pixels[2]));
      if (!grey || std::max(pixels.size(1), pixels.size(2)) > kSmallSide) return false;
      ++seen;
    } catch (const Error&) {  // told when training starts
    }
  }
  return seen > 0;
}

// "" or why a mirror image may be of another class.
std::string why_no_flip(const std::vector<fs::path>& files,
                        const std::vector<std::string>& classes) {
  constexpr size_t kAlphabet = 5;  // 0 and 1 may be no and yes
  const auto single = [](const std::string& name) { return name.size() == 1; };
  const auto a_side = [](const std::string& name) {
    const std::string lower = lower_case(name);
    return lower.find("left") != std::string::npos || lower.find("right") != std::string::npos;
  };
  if (are_characters(files)) return "small grey pictures may be letters or digits";
  if (classes.size() >= kAlphabet && std::all_of(classes.begin(), classes.end(), single)) {
    return "the classes are called as letters or digits are";
  }
  const auto side = std::find_if(classes.begin(), classes.end(), a_side);
  return side == classes.end() ? "" : fmt::format("'{}' would be another class", *side);
}

// Shifts by a sixteenth of the side; few images are turned a little as well.
std::string augment_for(const DataGuess& guess, const ImageSize& size, const std::string& no_flip) {
  const int64_t shift = std::max<int64_t>(2, shorter_side(size) / 16);
  std::string changes = no_flip.empty() ? "{flip: 0.5}, " : "";
  changes += fmt::format("{{shift: {}}}", shift);
  if (guess.samples < kFewImages || !no_flip.empty()) changes += ", {rotate: 10}";
  return fmt::format(
      "  augment: [{}]  # {}\n", changes,
      no_flip.empty() ? "flip: left and right mean the same" : "no flip: " + no_flip);
}

}  // namespace

void suit_images(DataGuess& guess, const std::vector<fs::path>& files,
                 const std::vector<std::string>& classes) {
  constexpr size_t kHeaders = 400, kPictures = 16;
  const std::vector<ImageSize> sizes = sizes_of(some_of(files, kHeaders));
  const auto [size, why] = choose_size(guess, sizes);
  if (!sizes.empty()) guess.profile.push_back(text_of_sizes(sizes));
  guess.why_size = why;
  guess.data += fmt::format(
      "{:36}# pixels; images are resized to cover this, then cut at the centre\n"
      "  width: {}\n",
      fmt::format("  height: {}", size.height), size.width);
  guess.cuts = warning_of_cuts(sizes, size);
  guess.data += augment_for(guess, size, why_no_flip(some_of(files, kPictures), classes));
  guess.model = fmt::format("{{type: convnet, channels: [{}], dropout: 0.2}}",
                            fmt::join(channels_for(shorter_side(size)), ", "));
  const auto affordable = static_cast<int64_t>(kMostWork / work_of_epoch(guess, size));
  guess.least_epochs = std::clamp<int64_t>(affordable, 5, guess.least_epochs);
  guess.watched = "nll";  // a few dozen validation images tell best of many epochs by it
  guess.metrics = "[accuracy, macro_f1, nll]";
}

}  // namespace maas
