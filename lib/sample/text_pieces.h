// A text as a bag of hashed pieces: its words, pairs of neighbouring words, and pieces of words.
// Weinberger et al. 2009 (hashing), Joulin et al. 2017 (pairs), Bojanowski et al. 2017 (bordered
// pieces of 3 to 5 letters, by which words that training had not, or that are misspelt, count).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "sample/spec.h"

namespace maas {

// A cell and its column: the same word is another piece in another column.
struct TextCell {
  std::string_view text;    // UTF-8; bytes that are none count as letters
  std::string_view column;  // its name
};

// Writes the pieces of a row's texts, each once, as indices in [1, form.buckets] to to[0..n) and
// returns how many there are in all, which may be more than `room`: n is the smaller one. All words
// come first, then all pairs, then the pieces of words; of a kind that does not fit as a whole a
// part is left that spreads over the text.
//
// A word is a run of letters and digits, without regard to case (of Latin, Greek and Cyrillic
// letters); "!" and "?" are words; all else separates. Of writing without spaces (Chinese,
// Japanese) single characters and pairs of them are pieces too. An index is FNV-1a of 64 bits of
// column, kind and piece, folded to 32: the same on every machine.
int64_t text_pieces(std::span<const TextCell> cells, const TextForm& form, int64_t* to,
                    int64_t room);

// The beginning of a text in one line, for people: of what is longer than `most` bytes the first
// words and "...".
std::string first_words(std::string_view text, size_t most);

// Longer texts are refused: their words take some 75 times their bytes while they are counted.
inline constexpr int64_t kMostTextBytes = int64_t{1} << 20;

// The text in bytes of a file or a request, as the format's encoding has it, without a byte order
// mark. Throws Error{kInput} where it is not in that encoding.
std::string plain_text(std::string bytes, const TableFormat& format, const std::string& name);

// .txt, whatever the case.
bool has_text_extension(const std::filesystem::path& path);

// Empty or blank, or one of `format`'s own spellings of "missing": "None" is a text.
bool is_missing_text(std::string_view cell, const TableFormat& format);

// Whether values are sentences rather than names of categories: most differ, and most have at least
// four words.
bool is_like_text(int64_t different, int64_t with_words, int64_t values);
inline constexpr int64_t kFewestTextWords = 4;
// Words of a cell, by the spaces between them; two characters of writing without spaces are one.
int64_t count_words(std::string_view cell);

}  // namespace maas
