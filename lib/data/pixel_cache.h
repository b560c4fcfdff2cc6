// Whether the pixels of image files stay in memory once they are decoded: `data.cache`.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sample/spec.h"

namespace maas {

// Of the memory that is available when a source is opened, `auto` gives its pixels at most a half:
// the network, its batches and the other splits, which are asked after it, live on the rest.
// `memory` gives them four fifths. Either leaves 512 MiB, or an eighth where that is less, and is
// asked again while files are decoded, since other programs take memory, too.
class PixelCache {
 public:
  using Available = std::function<int64_t()>;  // bytes, as base/memory.h counts them

  // `setting`: auto, memory or none. `what` names the images in messages: "train: 2000 images".
  // Throws Error{kResources}, with both sizes, when the setting is memory and the pixels of
  // `images` samples of `form` do not fit.
  PixelCache(std::string setting, std::string what, int64_t images, const InputSpec& form,
             Available available);

  bool keeps() const { return keeps_; }
  int64_t bytes() const { return bytes_; }

  // While pixels are written: false once too little memory is left, after which keeps() is false.
  // For `memory` Error{kResources} instead. One thread at a time.
  bool still_fits();

  // One line for who waits: that files are decoded anew in each epoch, why, and what would change
  // it. "" when pixels are kept, or were not meant to be.
  std::string told() const;

 private:
  int64_t room_of(double share) const;
  int64_t fitting_side(int64_t room) const;
  [[noreturn]] void refuse(const std::string& what) const;

  std::string setting_, what_;
  int64_t images_, bytes_ = 0, at_start_ = 0, least_left_ = 0;
  InputSpec form_;
  Available available_;
  bool keeps_ = false, ran_short_ = false;
};

}  // namespace maas
