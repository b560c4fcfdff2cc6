// How a CSV file is written, seen from its text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sample/csv_reader.h"
#include "sample/spec.h"

namespace maas {

// The one that stands most often in the first line.
char guess_delimiter(std::string_view text);

// "" for UTF-8; else the encoding that such files of one byte a letter most often have. `name` is
// for messages.
std::string guess_encoding(const std::string& text, const std::string& name);

// Whether the first row holds the names of all of the model's columns.
bool names_every_column(const CsvTable& table, const InputSpec& spec);

// Of a file that is not written as the training data were, but whose header names the model's
// columns once it is read with another delimiter (and with the signs in numbers that its cells have
// then) or in another encoding: that form. nullopt = read it as the training data. `start` is all
// of the text or whole lines from its start, the first one at least.
std::optional<TableFormat> other_form(std::string_view start, const InputSpec& spec);

// "it is read with ',' between cells and as latin-1, unlike the training data"
std::string tell_other_form(const TableFormat& form, const TableFormat& of_training);

}  // namespace maas
