#include "serve/json_fault.h"

#include <string>

namespace maas {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

class Scanner {
 public:
  Scanner(std::string_view text, size_t max_depth) : text_(text), max_depth_(max_depth) {}

  size_t fault() {
    do {
      if (!value()) return at_;
    } while (!nesting_.empty());
    skip_blanks();
    return at_;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool ended() const { return at_ >= text_.size(); }
  void skip_blanks() {
    while (!ended() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++at_;
  }
  bool eat(char c) {
    if (ended() || peek() != c) return false;
    ++at_;
    return true;
  }

  // One scalar or the opening of an array or object, and then every closing bracket and comma up to
  // the next value.
  bool value() {
    skip_blanks();
    const char c = peek();
    if (c == '[' || c == '{') {
      if (nesting_.size() >= max_depth_) return false;
      ++at_;
      nesting_ += c;
      skip_blanks();
      if (peek() == (c == '[' ? ']' : '}') && !ended()) return after_value();
      return c == '[' || key();
    }
    const bool whole = c == '"' ? string() : (c == '-' || is_digit(c)) ? number() : word();
    return whole && after_value();
  }

  bool after_value() {
    while (!nesting_.empty()) {
      skip_blanks();
      if (eat(',')) return nesting_.back() == '[' || key();
      if (!eat(nesting_.back() == '[' ? ']' : '}')) return false;
      nesting_.pop_back();
    }
    return true;
  }

  bool key() {
    skip_blanks();
    if (!string()) return false;
    skip_blanks();
    return eat(':');
  }

  bool string() {
    if (!eat('"')) return false;
    while (!ended()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return false;
      ++at_;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }

  bool escape() {
    if (ended()) return false;
    if (!eat('u')) {
      if (std::string_view("\"\\/bfnrt").find(peek()) == std::string_view::npos) return false;
      ++at_;
      return true;
    }
    for (int i = 0; i < 4; ++i, ++at_) {
      if (ended() || !is_hex(peek())) return false;
    }
    return true;
  }

  bool digits() {
    if (ended() || !is_digit(peek())) return false;
    while (!ended() && is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    eat('-');
    if (!eat('0') && !digits()) return false;
    if (!ended() && is_digit(peek())) return false;  // 012
    if (eat('.') && !digits()) return false;
    if (eat('e') || eat('E')) {
      if (!eat('+')) eat('-');
      return digits();
    }
    return true;
  }

  bool word() {
    for (const std::string_view known : {"true", "false", "null"}) {
      if (text_.substr(at_, known.size()) != known) continue;
      at_ += known.size();
      return true;
    }
    return false;
  }

  std::string_view text_;
  size_t max_depth_, at_ = 0;
  std::string nesting_;
};

}  // namespace

size_t json_fault_offset(std::string_view text, size_t max_depth) {
  return Scanner(text, max_depth).fault();
}

}  // namespace maas
