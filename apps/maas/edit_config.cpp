// The edited text is read again and compared with what the overrides mean on top of the old one: so
// that whatever this editor does not understand is an error, and nothing is written wrongly.
#include "edit_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "config/flatten_config.h"
#include "config/read_config.h"
#include "config_file.h"

namespace maas {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& text) {
  Lines lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

size_t indent_of(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first == line.npos ? 0 : first;
}

bool says_something(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first != line.npos && line[first] != '#';
}

// Where the value ends and a comment, with the spaces before it, begins.
size_t comment_in(const std::string& line) {
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == quote) quote = 0;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    } else if (line[i] == '#' && i > 0 && line[i - 1] == ' ') {
      return line.find_last_not_of(' ', i - 1) + 1;
    }
  }
  return line.size();
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// "a: 1, b: [2, 3]" at the commas that lie in no bracket.
Lines entries_of(const std::string& inside) {
  Lines entries;
  int depth = 0;
  char quote = 0;
  std::string entry;
  for (const char c : inside) {
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    } else if (c == ',' && depth == 0) {
      entries.push_back(trimmed(entry));
      entry.clear();
      continue;
    }
    entry += c;
  }
  if (!trimmed(entry).empty()) entries.push_back(trimmed(entry));
  return entries;
}

// How much of `text` is the key with its colon, where it begins so; 0 = it does not. init writes
// names of columns in quotes.
size_t size_of_key(const std::string& text, const std::string& key) {
  for (const std::string& start : {key + ":", json_quote(key) + ":"}) {
    if (text.starts_with(start)) return start.size();
  }
  return 0;
}

// key=null: the setting is taken back (config/yaml_document.h).
bool takes_back(const std::string& value) { return value == "null" || value == "~"; }

using Path = std::vector<std::string>;  // "train", "optimizer", "type"

std::string flow_of(const Path& path, size_t from, const std::string& value) {
  std::string text = value;
  for (size_t i = path.size(); i-- > from;) text = fmt::format("{{{}: {}}}", path[i], text);
  return text;
}

// `old` in flow style, or a scalar, with path[from...] set.
std::string edited_flow(const std::string& old, const Path& path, size_t from,
                        const std::string& value) {
  if (from == path.size()) return value;
  if (old.size() < 2 || old.front() != '{' || old.back() != '}') return flow_of(path, from, value);
  Lines entries = entries_of(old.substr(1, old.size() - 2));
  bool found = false;
  for (std::string& entry : entries) {
    const size_t size = size_of_key(entry, path[from]);
    if (size == 0) continue;
    const std::string start = entry.substr(0, size);
    entry = start + " " + edited_flow(trimmed(entry.substr(size)), path, from + 1, value);
    if (takes_back(value) && from + 1 == path.size()) entry.clear();
    found = true;
  }
  std::erase(entries, "");
  if (!found && !takes_back(value)) {
    entries.push_back(path[from] + ": " + flow_of(path, from + 1, value));
  }
  std::string text;
  for (const std::string& entry : entries) text += (text.empty() ? "" : ", ") + entry;
  return "{" + text + "}";
}

// The line among [begin, end) that has the key, indented by so many spaces; `end` where none has.
size_t line_of(const Lines& lines, size_t begin, size_t end, const std::string& key,
               size_t indent) {
  for (; begin < end; ++begin) {
    const std::string& line = lines[begin];
    if (indent_of(line) == indent && size_of_key(line.substr(indent), key) > 0) break;
  }
  return begin;
}

// With the line of the section around it, where nothing else is in that.
void erase_line(Lines& lines, size_t at, size_t indent) {
  lines.erase(lines.begin() + static_cast<int64_t>(at));
  const bool is_last = at == lines.size() || indent_of(lines[at]) < indent;
  const bool is_first = at > 0 && indent > 0 && indent_of(lines[at - 1]) < indent;
  if (is_first && is_last) lines.erase(lines.begin() + static_cast<int64_t>(at) - 1);
}

// Sets path[depth...] among lines [begin, end), which are indented by `indent`.
void edit_lines(Lines& lines, size_t begin, size_t end, const Path& path,
                const std::string& value) {
  size_t depth = 0;
  while (true) {
    const size_t indent = 2 * depth;
    const size_t at = line_of(lines, begin, end, path[depth], indent);
    if (at == end) {
      if (takes_back(value)) return;
      // Behind the last line of the section that says something.
      while (end > begin && !says_something(lines[end - 1])) --end;
      lines.insert(lines.begin() + static_cast<int64_t>(end),
                   std::string(indent, ' ') + path[depth] + ": " + flow_of(path, depth + 1, value));
      return;
    }
    std::string& line = lines[at];
    const std::string start =
        line.substr(0, indent + size_of_key(line.substr(indent), path[depth]));
    const size_t comment = comment_in(line);
    const std::string old = trimmed(line.substr(start.size(), comment - start.size()));
    const bool is_block = old.empty();
    if (takes_back(value) && depth + 1 == path.size() && !is_block) {
      erase_line(lines, at, indent);
      return;
    }
    if (!is_block || depth + 1 == path.size()) {
      const std::string head = start + " " + edited_flow(old, path, depth + 1, value);
      const std::string tail = trimmed(line.substr(comment));
      line =
          tail.empty() ? head : fmt::format("{:<36}{}{}", head, head.size() < 36 ? "" : "  ", tail);
      return;
    }
    begin = at + 1;
    end = begin;
    while (end < lines.size() && (!says_something(lines[end]) || indent_of(lines[end]) > indent)) {
      ++end;
    }
    ++depth;
  }
}

Path path_of(const std::string& key) {
  Path path;
  for (size_t at = 0; at <= key.size();) {
    const size_t dot = std::min(key.find('.', at), key.size());
    path.push_back(key.substr(at, dot - at));
    at = dot + 1;
  }
  return path;
}

std::map<std::string, std::string> settings_of(const std::string& text,
                                               const std::vector<std::string>& overrides,
                                               const std::filesystem::path& folder) {
  ConfigFile config;
  read_config({.text = text,
               .text_name = "the config that init writes",
               .folder = folder,
               .overrides = overrides},
              section_of(config));
  return flatten_config(section_of(config));
}

}  // namespace

std::string edit_config(std::string text, const std::vector<std::string>& overrides,
                        const std::filesystem::path& folder) {
  for (const std::string& setting : overrides) {
    const auto wanted = settings_of(text, {setting}, folder);
    const size_t equals = setting.find('=');
    Lines lines = lines_of(text);
    edit_lines(lines, 0, lines.size(), path_of(setting.substr(0, equals)),
               setting.substr(equals + 1));
    std::string edited;
    for (const std::string& line : lines) edited += line + "\n";
    bool same = false;
    try {
      same = settings_of(edited, {}, folder) == wanted;
    } catch (const Error&) {  // told below
    }
    if (!same) {
      throw_usage("command line: " + setting, "cannot be written into the config",
                  "a setting that stands on a line of its own",
                  "leave it out and write it into the file");
    }
    text = std::move(edited);
  }
  return text;
}

}  // namespace maas
