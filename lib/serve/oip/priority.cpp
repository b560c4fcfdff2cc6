#include "serve/oip/priority.h"

#include <algorithm>
#include <charconv>

namespace maas {
namespace {

constexpr int64_t kMost = int64_t{1} << 53;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  int64_t find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (const int64_t found = member(string()); found != 0) return found;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth_;
      if (c == '}' || c == ']') --depth_;
      if (depth_ < 2) in_parameters_ = false;
    }
    return 0;
  }

 private:
  // What stands between the quotes, as it stands.
  std::string_view string() {
    const size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    const size_t end = std::min(at_, text_.size());
    at_ = std::min(end + 1, text_.size());
    return text_.substr(begin, end - begin);
  }

  int64_t member(std::string_view name) {
    if (depth_ > 2 || (depth_ == 2 && !in_parameters_)) return 0;
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != ':') return 0;
    ++at_;
    skip_blanks();
    if (depth_ == 1) {
      in_parameters_ = name == "parameters" && at_ < text_.size() && text_[at_] == '{';
      if (in_parameters_) ++depth_, ++at_;
      return 0;
    }
    int64_t number = 0;
    if (name != "priority") return 0;
    const auto [end, error] =
        std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    const char after = end == text_.data() + text_.size() ? '}' : *end;
    const bool ends = after != '.' && after != 'e' && after != 'E';
    return error == std::errc() && ends && number > 0 && number <= kMost ? number : 0;
  }

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \n\r\t", at_), text_.size()); }

  const std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  bool in_parameters_ = false;
};

}  // namespace

int64_t peek_priority(std::string_view json) { return Scanner(json).find(); }

}  // namespace maas
