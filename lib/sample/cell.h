// The text of one cell of a table.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace maas {

// Of a table that keeps the text, or written anew from a number (PackedDecimals). A view of it
// lives as long as the Cell does, so none can be had of a temporary one.
class Cell {
 public:
  static constexpr size_t kMostOwn = 23;  // bytes of a text that is written anew

  Cell(std::string_view text) : text_(text) {}  // NOLINT: a text that lives longer than the cell
  // The first `size` bytes of `text`.
  Cell(const std::array<char, kMostOwn>& text, size_t size)
      : own_(text), own_size_(static_cast<uint8_t>(size)), is_own_(true) {}

  std::string_view view() const& {
    return is_own_ ? std::string_view(own_.data(), own_size_) : text_;
  }
  std::string_view view() const&& = delete;
  operator std::string_view() const& { return view(); }  // NOLINT: what a cell is
  operator std::string_view() const&& = delete;

 private:
  std::string_view text_;
  std::array<char, kMostOwn> own_;
  uint8_t own_size_ = 0;
  bool is_own_ = false;
};

}  // namespace maas
