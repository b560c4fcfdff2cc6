// Built from yaml-cpp's parser events, not its nodes: events tell aliases and duplicate keys, which
// the node tree hides.
#include "config/yaml_document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include "base/shown_text.h"
#include "base/utf8.h"

namespace maas {
namespace {

constexpr size_t kLargestText = 1 << 20;
constexpr size_t kDeepest = 64;
constexpr int64_t kMostValues = 100'000;

// Position of the first byte that is no UTF-8 or is NUL; npos when all is well.
size_t first_bad_byte(const std::string& text) {
  const size_t bad = std::min(utf8_fault_offset(text), text.find('\0'));
  return bad == text.size() ? text.npos : bad;
}

YamlPlace place_of_byte(const std::string& text, size_t at,
                        const std::shared_ptr<YamlSource>& source) {
  YamlPlace place{source, 1, 1};
  for (size_t i = 0; i < at; ++i) {
    place.column = text[i] == '\n' ? 1 : place.column + 1;
    place.line += text[i] == '\n' ? 1 : 0;
  }
  return place;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

// Thrown through yaml-cpp when the rest of the text is not worth reading; the problem is noted.
struct Unreadable {};

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<YamlSource> source, Findings& findings)
      : source_(std::move(source)), findings_(findings) {}

  YamlNode root;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      stop(at(mark), "a second document ('---')", "one document in a file",
           "put it into a file of its own");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_plain(mark, "", anchor);
    YamlNode node = node_at(mark, YamlNode::Kind::kNull);
    // Its own mark is where the next value begins.
    if (!levels_.empty() && levels_.back().has_key) node.place = levels_.back().key_place;
    put(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    check_plain(mark, "", 0);
    findings_.add(at(mark), "an alias ('*name')", "values written out", kShare);
    put(node_at(mark, YamlNode::Kind::kBroken));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_plain(mark, tag, anchor);
    YamlNode node = node_at(mark, YamlNode::Kind::kScalar);
    node.scalar = value;
    node.quoted = tag == "!";
    const bool null_word = value == "~" || value == "null" || value == "Null" || value == "NULL";
    if (!node.quoted && null_word && !expects_key()) node.kind = YamlNode::Kind::kNull;
    if (value.find('\0') != value.npos) {
      findings_.add(at(mark), "a NUL character in a text", "text", "remove the \\0");
      node.scalar = value.substr(0, value.find('\0'));
      node.kind = expects_key() ? YamlNode::Kind::kScalar : YamlNode::Kind::kBroken;
    }
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
    levels_.back().is_flow = style == YAML::EmitterStyle::Flow;
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
    levels_.back().is_flow = style == YAML::EmitterStyle::Flow;
  }
  void OnMapEnd() override { close(); }

  // Where the innermost '[' or '{' stands that is not closed yet.
  std::optional<YamlPlace> open_bracket() const {
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      if (level->is_flow) return level->node.place;
    }
    return std::nullopt;
  }

 private:
  static constexpr const char* kShare =
      "write the value out, or share settings with extends: other.yaml";

  struct Level {
    YamlNode node;
    bool is_flow = false;  // "[...]" or "{...}"
    bool has_key = false;
    bool drops_value = false;  // of a key that was refused
    std::string key;
    YamlPlace key_place;
    std::unordered_map<std::string, int> lines;  // of the keys so far
  };

  YamlPlace at(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  YamlNode node_at(const YAML::Mark& mark, YamlNode::Kind kind) const {
    YamlNode node;
    node.kind = kind;
    node.place = at(mark);
    return node;
  }

  [[noreturn]] void stop(const YamlPlace& place, const std::string& what,
                         const std::string& expected, const std::string& fix = "") {
    findings_.add(place, what, expected, fix);
    throw Unreadable{};
  }

  bool expects_key() const {
    return !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::kMap &&
           !levels_.back().has_key;
  }

  void check_plain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) findings_.add(at(mark), "an anchor ('&name')", "values written out", kShare);
    if (!tag.empty() && tag != "?" && tag != "!") {
      findings_.add(at(mark), fmt::format("the tag '{}'", shown_text(tag)), "plain values",
                    "remove the tag");
    }
    if (++values_ > kMostValues) {
      stop(at(mark), "more than 100,000 values", "a config", "is this the right file?");
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    check_plain(mark, tag, anchor);
    if (levels_.size() >= kDeepest) {
      stop(at(mark), "nesting deeper than 64", "at most 64 levels", "is this the right file?");
    }
    if (expects_key()) stop(at(mark), "a map or list as a key", "a word as a key");
    Level level;
    level.node = node_at(mark, kind);
    levels_.push_back(std::move(level));
  }

  void close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    put(std::move(node));
  }

  void put(YamlNode node) {
    if (levels_.empty()) {
      root = std::move(node);
      return;
    }
    Level& level = levels_.back();
    if (level.node.kind == YamlNode::Kind::kList) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      take_key(level, node);
    } else {
      if (!level.drops_value) {
        level.node.entries.push_back({level.key, level.key_place, std::move(node)});
      }
      level.has_key = false;
    }
  }

  void take_key(Level& level, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kScalar) stop(node.place, "an empty key", "a word as a key");
    level.has_key = true;
    level.key = node.scalar;
    level.key_place = node.place;
    const auto [earlier, is_new] = level.lines.emplace(node.scalar, node.place.line);
    const bool is_merge = node.scalar == "<<" && !node.quoted;
    level.drops_value = is_merge || !is_new;
    if (is_merge) {
      findings_.add(node.place, "a merge key ('<<')", "keys written out",
                    "share settings with extends: other.yaml");
    } else if (!is_new) {
      findings_.add(node.place,
                    fmt::format("key '{}' is given twice: on line {} and on line {}",
                                shown_text(node.scalar), earlier->second, node.place.line),
                    "one value a key", "delete one of them");
    }
  }

  std::shared_ptr<YamlSource> source_;
  Findings& findings_;
  std::vector<Level> levels_;
  int64_t values_ = 0;
  int documents_ = 0;
};

// What yaml-cpp refused in words that name the usual cause, at the place of that cause.
void report_syntax(const YAML::Exception& error, const TreeBuilder& builder,
                   const std::shared_ptr<YamlSource>& source, Findings& findings) {
  YamlPlace place{source, std::max(error.mark.line, 0) + 1, std::max(error.mark.column, 0) + 1};
  const auto index = static_cast<size_t>(place.line - 1);
  const std::string line = index < source->lines.size() ? source->lines[index] : "";
  const size_t tab = line.substr(0, line.find_first_not_of(" \t")).find('\t');
  if (tab != line.npos) {
    place.column = static_cast<int>(tab) + 1;
    return findings.add(place, "a tab in the indentation", "blanks", "indent with blanks");
  }
  const size_t bound = line.find(">=");
  if (bound != line.npos && (error.msg.find("block scalar") != error.msg.npos ||
                             error.msg.find("unknown token") != error.msg.npos)) {
    place.column = static_cast<int>(bound) + 1;
    return findings.add(place, "'>=' without quotes: '>' begins a text of many lines", "YAML",
                        "quote the value, as in \">= 0.95\"");
  }
  const bool is_list = error.msg.find("end of sequence flow") != line.npos;
  const bool is_map = error.msg.find("end of map flow") != line.npos;
  const std::optional<YamlPlace> bracket = builder.open_bracket();
  if ((is_list || is_map) && bracket) {
    return findings.add(*bracket,
                        is_list ? "a list '[' without its ']'" : "a map '{' without its '}'",
                        "YAML", "close it where the value ends");
  }
  if (error.msg.find("alias") != error.msg.npos) {
    return findings.add(place, "'*' without quotes, which begins an alias in YAML", "a value",
                        "quote it, as in [\"*\"]");
  }
  findings.add(place, "YAML syntax: " + error.msg, "YAML", "see the line above the caret, too");
}

}  // namespace

const YamlNode::Entry* YamlNode::find(const std::string& name) const {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

YamlNode::Entry* YamlNode::find(const std::string& name) {
  for (Entry& entry : entries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool YamlNode::takes_back() const {
  return kind == Kind::kNull && !scalar.empty() && place.source->is_override;
}

YamlNode yaml_map(const std::string& name, const YamlPlace& place, YamlNode value) {
  YamlNode map;
  map.kind = YamlNode::Kind::kMap;
  map.place = place;
  map.entries.push_back({name, place, std::move(value)});
  return map;
}

std::string kind_text(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kScalar:
    case YamlNode::Kind::kBroken:
      break;
  }
  return "'" + shown_text(node.scalar) + "'";
}

std::optional<YamlNode> parse_yaml(const std::string& given,
                                   const std::shared_ptr<YamlSource>& source, Findings& findings) {
  if (given.size() > kLargestText) {
    findings.add({source, 0, 0}, "more than 1 MiB", "a config", "is this the right file?");
    return std::nullopt;
  }
  const std::string text = given.rfind("\xEF\xBB\xBF", 0) == 0 ? given.substr(3) : given;
  source->lines = split_lines(text);
  if (const size_t bad = first_bad_byte(text); bad != text.npos) {
    findings.add(place_of_byte(text, bad, source),
                 text[bad] == '\0' ? "a NUL byte" : "a byte that is no UTF-8", "UTF-8 text",
                 text.rfind("PK", 0) == 0
                     ? "this looks like a model or another archive: name a config"
                     : "save the file as UTF-8");
    return std::nullopt;
  }
  TreeBuilder builder(source, findings);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    report_syntax(error, builder, source, findings);
    return std::nullopt;
  } catch (const Unreadable&) {
    return std::nullopt;
  }
  if (builder.root.place.source == nullptr) builder.root.place = {source, 1, 1};
  if (builder.root.kind == YamlNode::Kind::kNull) builder.root.kind = YamlNode::Kind::kMap;
  return std::move(builder.root);
}

}  // namespace maas
