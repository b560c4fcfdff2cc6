#include "sample/text_pieces.h"

#include <algorithm>
#include <vector>

#include "base/utf8.h"
#include "sample/cell_text.h"

namespace maas {
namespace {

enum class Kind : char { kWord = 'w', kPair = 'p', kPiece = 'g' };

class Hash {
 public:
  Hash(std::string_view column, Kind kind) {
    add(column);
    add('\0');
    add(static_cast<char>(kind));
  }
  void add(char byte) {
    state_ = (state_ ^ static_cast<unsigned char>(byte)) * uint64_t{0x100000001b3};
  }
  void add(std::string_view bytes) {
    for (const char byte : bytes) add(byte);
  }
  int64_t index(int64_t buckets) const {
    const uint64_t folded = (state_ ^ (state_ >> 32)) & 0xffffffffU;
    return 1 + static_cast<int64_t>(folded % static_cast<uint64_t>(buckets));
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325U;
};

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Of two bytes: 110xxxxx 10xxxxxx.
uint32_t code_of_two(std::string_view bytes) {
  return (static_cast<unsigned char>(bytes[0]) & 0x1fU) << 6 |
         (static_cast<unsigned char>(bytes[1]) & 0x3fU);
}

uint32_t lower(uint32_t code) {
  const bool latin = code >= 0xc0 && code <= 0xde && code != 0xd7;
  const bool greek = code >= 0x391 && code <= 0x3a9;
  if (latin || greek || (code >= 0x410 && code <= 0x42f)) return code + 32;
  if (code >= 0x400 && code <= 0x40f) return code + 80;
  const bool pairs = (code >= 0x100 && code <= 0x137) || (code >= 0x14a && code <= 0x177);
  return pairs ? code | 1U : code;  // Latin Extended-A: capitals are even there
}

// No-break space, punctuation of Latin-1, general punctuation, and that of Chinese and Japanese.
bool separates(std::string_view character) {
  if (character.size() == 2) {
    const uint32_t code = code_of_two(character);
    return code < 0xc0 && code != 0xaa && code != 0xb5 && code != 0xba;
  }
  return character.starts_with("\xe2\x80") || character.starts_with("\xe3\x80") ||
         character.starts_with("\xef\xbc\x8c") || character.starts_with("\xef\xbc\x81") ||
         character.starts_with("\xef\xbc\x9f");
}

// One whose script has no spaces between words: from U+2E80 to U+9FFF.
bool is_ideograph(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return character.size() == 3 && first >= 0xe3 && first <= 0xe9 && !separates(character);
}

// In lower case, with where its characters begin.
struct Word {
  std::string text;
  std::vector<size_t> starts;
  bool ideographs = false;
};

void append(std::string_view character, Word& word) {
  word.starts.push_back(word.text.size());
  if (character.size() == 1) {
    word.text += lower(character[0]);
  } else if (character.size() == 2) {
    const uint32_t code = lower(code_of_two(character));
    word.text += static_cast<char>(0xc0U | code >> 6);
    word.text += static_cast<char>(0x80U | (code & 0x3fU));
  } else {
    word.text += character;
    word.ideographs = word.ideographs || is_ideograph(character);
  }
}

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  Word word;
  const auto end_word = [&] {
    if (!word.text.empty()) words.push_back(std::move(word));
    word = {};
  };
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(1, utf8_length(text, i));
    const std::string_view character = text.substr(i, length);
    const char c = text[i];
    const bool ascii = length == 1 && static_cast<unsigned char>(c) < 0x80;
    if (ascii ? is_ascii_letter(c) : length == 1 || !separates(character)) {
      append(character, word);
    } else {
      end_word();
      if (c == '!' || c == '?') words.push_back({std::string(1, c), {0}, false});
    }
    i += length;
  }
  end_word();
  return words;
}

struct Words {
  std::string_view column;
  std::vector<Word> words;
};

// The indices of one kind of pieces, each once, in ascending order.
class Indices {
 public:
  explicit Indices(int64_t buckets) : buckets_(buckets) {}

  void add(const Hash& hash) { found_.push_back(hash.index(buckets_)); }

  void add_words(const Words& all) {
    for (const Word& word : all.words) {
      Hash hash(all.column, Kind::kWord);
      hash.add(word.text);
      add(hash);
    }
  }
  void add_pairs(const Words& all) {
    for (size_t i = 0; i + 1 < all.words.size(); ++i) {
      Hash hash(all.column, Kind::kPair);
      hash.add(all.words[i].text);
      hash.add(' ');
      hash.add(all.words[i + 1].text);
      add(hash);
    }
  }
  void add_pieces(const Words& all) {
    for (const Word& word : all.words) add_pieces(word, all.column);
  }

  const std::vector<int64_t>& each_once() {
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    return found_;
  }

 private:
  // Of the word between borders: "<" and ">" are no letters.
  void add_pieces(const Word& word, std::string_view column) {
    const std::string bordered = "<" + word.text + ">";
    std::vector<size_t> starts = {0};
    for (const size_t start : word.starts) starts.push_back(start + 1);
    starts.push_back(bordered.size() - 1);
    starts.push_back(bordered.size());
    const size_t characters = starts.size() - 1;
    for (size_t from = 0; from < characters; ++from) {
      Hash hash(column, Kind::kPiece);
      for (size_t length = 1; length <= 5 && from + length <= characters; ++length) {
        const size_t first = starts[from + length - 1], end = starts[from + length];
        hash.add(std::string_view(bordered).substr(first, end - first));
        if (length >= (word.ideographs ? 1U : 3U)) add(hash);
      }
    }
  }

  int64_t buckets_;
  std::vector<int64_t> found_;
};

}  // namespace

int64_t text_pieces(std::span<const TextCell> cells, const TextForm& form, int64_t* to,
                    int64_t room) {
  std::vector<Words> texts;
  texts.reserve(cells.size());
  for (const TextCell& cell : cells) texts.push_back({cell.column, words_of(cell.text)});
  int64_t count = 0;
  for (const auto add : {&Indices::add_words, &Indices::add_pairs, &Indices::add_pieces}) {
    Indices indices(form.buckets);
    for (const Words& words : texts) (indices.*add)(words);
    const std::vector<int64_t>& found = indices.each_once();
    const auto wanted = static_cast<int64_t>(found.size());
    const int64_t fits = std::clamp<int64_t>(room - count, 0, wanted);
    // Evenly over the indices, which are as good as drawn.
    for (int64_t i = 0; i < fits; ++i) {
      to[count + i] = found[static_cast<size_t>(i * wanted / std::max<int64_t>(fits, 1))];
    }
    count += wanted;
  }
  return count;
}

std::string first_words(std::string_view text, size_t most) {
  std::string line;
  for (size_t i = 0; i < text.size();) {
    const size_t length = std::max<size_t>(1, utf8_length(text, i));
    if (is_space(text[i])) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else {
      line += text.substr(i, length);
    }
    i += length;
    if (line.size() <= most) continue;
    const size_t space = line.rfind(' ', most);
    return line.substr(0, space == std::string::npos || space == 0 ? line.size() - length : space) +
           " ...";
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string plain_text(std::string bytes, const TableFormat& format, const std::string& name) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.erase(0, 3);
  return to_utf8(std::move(bytes), format, name);
}

bool has_text_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return lower(c); });
  return extension == ".txt";
}

bool is_missing_text(std::string_view cell, const TableFormat& format) {
  return std::all_of(cell.begin(), cell.end(), is_space) ||
         std::find(format.missing_values.begin(), format.missing_values.end(), cell) !=
             format.missing_values.end();
}

int64_t count_words(std::string_view cell) {
  int64_t words = 0, ideographs = 0;
  bool inside = false;
  for (size_t i = 0; i < cell.size(); ++i) {
    words += !inside && !is_space(cell[i]) ? 1 : 0;
    inside = !is_space(cell[i]);
    const size_t length = static_cast<unsigned char>(cell[i]) >= 0xe3 ? utf8_length(cell, i) : 0;
    if (length == 3 && is_ideograph(cell.substr(i, 3))) ++ideographs;
  }
  return words + ideographs / 2;
}

bool is_like_text(int64_t different, int64_t with_words, int64_t values) {
  constexpr int64_t kFewest = 20;
  return different > kFewest && 2 * different > values && 2 * with_words > values;
}

}  // namespace maas
