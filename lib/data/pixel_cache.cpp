#include "data/pixel_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace maas {
namespace {

constexpr double kShareOfAuto = 0.5, kShareOfMemory = 0.8;
constexpr int64_t kLeastLeft = int64_t{512} << 20;

std::string in_gb(int64_t bytes) {
  const double gb = static_cast<double>(bytes) / 1e9;
  return gb < 1000 ? fmt::format("{:.3g} GB", gb) : fmt::format("{:.0f} GB", gb);
}

}  // namespace

PixelCache::PixelCache(std::string setting, std::string what, int64_t images, const InputSpec& form,
                       Available available)
    : setting_(std::move(setting)),
      what_(std::move(what)),
      images_(images),
      form_(form),
      available_(std::move(available)) {
  bytes_ = images * form.channels * form.height * form.width;
  if (setting_ == "none") return;
  at_start_ = available_();
  least_left_ = std::min(kLeastLeft, at_start_ / 8);
  keeps_ = bytes_ <= room_of(setting_ == "memory" ? kShareOfMemory : kShareOfAuto);
  if (!keeps_ && setting_ == "memory") refuse("");
}

bool PixelCache::still_fits() {
  if (!keeps_) return false;
  if (available_() >= least_left_) return true;
  if (setting_ == "memory") refuse(", and other programs took memory meanwhile");
  ran_short_ = true;
  return keeps_ = false;
}

std::string PixelCache::told() const {
  if (keeps_ || setting_ == "none") return "";
  const int64_t room = room_of(kShareOfAuto);
  const std::string reason =
      ran_short_ ? fmt::format("and memory ran short while they were decoded ({} was free before)",
                               in_gb(at_start_))
                 : fmt::format("more than half of the {} that is free", in_gb(at_start_));
  std::string change = "more memory";
  if (const int64_t side = fitting_side(room); !ran_short_ && side > 0) {
    change += fmt::format(", data.height and data.width of at most {}", side);
  }
  if (!ran_short_ && bytes_ <= room_of(kShareOfMemory)) change += ", or data.cache: memory";
  return fmt::format(
      "{} take {} of memory as pixels, {}: their files are read and decoded anew in every epoch; "
      "what would keep them: {}",
      what_, in_gb(bytes_), reason, change);
}

int64_t PixelCache::room_of(double share) const {
  const auto part = static_cast<int64_t>(share * static_cast<double>(at_start_));
  return std::min(part, at_start_ - least_left_);
}

// Of a square, in steps of 8; 0 = none.
int64_t PixelCache::fitting_side(int64_t room) const {
  const double pixels = static_cast<double>(room) / static_cast<double>(images_ * form_.channels);
  return static_cast<int64_t>(std::sqrt(std::max(0.0, pixels))) / 8 * 8;
}

void PixelCache::refuse(const std::string& what) const {
  throw Error(
      ErrorKind::kResources,
      {.where = "data.cache",
       .what = fmt::format("memory, but {} take {} as pixels{}", what_, in_gb(bytes_), what),
       .expected = fmt::format("at most {}, four fifths of the {} that is free",
                               in_gb(room_of(kShareOfMemory)), in_gb(at_start_)),
       .fix = "set data.cache: none, which decodes files in every epoch, or smaller "
              "data.height and data.width"});
}

}  // namespace maas
