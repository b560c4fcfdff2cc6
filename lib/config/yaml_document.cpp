// Built from yaml-cpp's parser events, not its nodes: events tell aliases and duplicate keys, which
// the node tree hides.
#include "config/yaml_document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace maas {
namespace {

constexpr size_t kLargestText = 1 << 20;
constexpr size_t kDeepest = 64;
constexpr int64_t kMostValues = 100'000;

[[noreturn]] void refuse(const YamlPlace& place, const std::string& what,
                         const std::string& expected, const std::string& fix = "") {
  throw Error(ErrorKind::kUsage, yaml_problem(place, what, expected, fix));
}

// Position of the first byte that is no UTF-8 or is NUL; npos when all is well.
size_t first_bad_byte(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead == 0     ? 0
                          : lead < 0x80 ? 1
                          : lead < 0xC2 ? 0
                          : lead < 0xE0 ? 2
                          : lead < 0xF0 ? 3
                          : lead < 0xF5 ? 4
                                        : 0;
    if (length == 0 || i + length > text.size()) return i;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return i;
    }
    i += length;
  }
  return text.npos;
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

class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::shared_ptr<YamlSource> source) : source_(std::move(source)) {}

  YamlNode root;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      refuse(at(mark), "a second document ('---')", "one document in a file",
             "put it into a file of its own");
    }
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_plain(mark, "", anchor);
    YamlNode node;
    node.place = at(mark);
    put(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(at(mark), "an alias ('*name')", "values written out",
           "write the value out, or share settings with extends: other.yaml");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_plain(mark, tag, anchor);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.scalar = value;
    node.quoted = tag == "!";
    node.place = at(mark);
    const bool null_word = value == "~" || value == "null" || value == "Null" || value == "NULL";
    if (!node.quoted && null_word && !expects_key()) node.kind = YamlNode::Kind::kNull;
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Level {
    YamlNode node;
    bool has_key = false;
    std::string key;
    YamlPlace key_place;
  };

  YamlPlace at(const YAML::Mark& mark) const { return {source_, mark.line + 1, mark.column + 1}; }

  bool expects_key() const {
    return !levels_.empty() && levels_.back().node.kind == YamlNode::Kind::kMap &&
           !levels_.back().has_key;
  }

  void check_plain(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) {
      refuse(at(mark), "an anchor ('&name')", "values written out",
             "write the value out, or share settings with extends: other.yaml");
    }
    if (!tag.empty() && tag != "?" && tag != "!") {
      refuse(at(mark), fmt::format("the tag '{}'", tag), "plain values", "remove the tag");
    }
    if (++values_ > kMostValues) {
      refuse(at(mark), "more than 100,000 values", "a config", "is this the right file?");
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    check_plain(mark, tag, anchor);
    if (levels_.size() >= kDeepest) {
      refuse(at(mark), "nesting deeper than 64", "at most 64 levels", "is this the right file?");
    }
    if (expects_key()) refuse(at(mark), "a map or list as a key", "a word as a key");
    Level level;
    level.node.kind = kind;
    level.node.place = at(mark);
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
      level.node.entries.push_back({level.key, level.key_place, std::move(node)});
      level.has_key = false;
    }
  }

  static void take_key(Level& level, const YamlNode& node) {
    if (node.kind != YamlNode::Kind::kScalar) refuse(node.place, "an empty key", "a word as a key");
    if (node.scalar == "<<" && !node.quoted) {
      refuse(node.place, "a merge key ('<<')", "keys written out",
             "share settings with extends: other.yaml");
    }
    if (const YamlNode::Entry* earlier = level.node.find(node.scalar)) {
      refuse(node.place,
             fmt::format("key '{}' is given twice: on line {} and on line {}", node.scalar,
                         earlier->place.line, node.place.line),
             "one value a key", "delete one of them");
    }
    level.has_key = true;
    level.key = node.scalar;
    level.key_place = node.place;
  }

  std::shared_ptr<YamlSource> source_;
  std::vector<Level> levels_;
  int64_t values_ = 0;
  int documents_ = 0;
};

// yaml-cpp's reasons in words that name the usual cause.
std::string syntax_reason(const std::string& reason, const YamlPlace& place) {
  const auto index = static_cast<size_t>(place.line - 1);
  const bool has_tab = index < place.source->lines.size() &&
                       place.source->lines[index].find('\t') != std::string::npos;
  if (has_tab) return "a tab in the indentation";
  if (reason.find("end of sequence flow") != reason.npos) return "a list '[' without its ']'";
  if (reason.find("end of map flow") != reason.npos) return "a map '{' without its '}'";
  return "YAML syntax: " + reason;
}

}  // namespace

std::string YamlPlace::where() const {
  if (source->is_override || line == 0) return source->name;
  return fmt::format("{}:{}:{}", source->name, line, column);
}

std::string YamlPlace::excerpt() const {
  const auto index = static_cast<size_t>(line - 1);
  if (source->is_override || line < 1 || index >= source->lines.size()) return "";
  std::string shown = source->lines[index];
  int caret = column - 1;
  constexpr int kWidest = 100;
  if (static_cast<int>(shown.size()) > kWidest) {
    const int start = std::max(0, caret - kWidest / 2);
    shown = shown.substr(static_cast<size_t>(std::min<int>(start, static_cast<int>(shown.size()))),
                         kWidest);
    caret -= start;
  }
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return fmt::format("  {}\n  {}^", shown,
                     std::string(static_cast<size_t>(std::max(caret, 0)), ' '));
}

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

std::string kind_text(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kMap:
      return "a map";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kScalar:
      break;
  }
  return "'" + (node.scalar.size() > 80 ? node.scalar.substr(0, 77) + "..." : node.scalar) + "'";
}

Problem yaml_problem(const YamlPlace& place, std::string what, std::string expected,
                     std::string fix) {
  return {place.where(), std::move(what), std::move(expected), std::move(fix), place.excerpt()};
}

YamlNode parse_yaml(const std::string& given, const std::shared_ptr<YamlSource>& source) {
  const YamlPlace whole{source, 0, 0};
  if (given.size() > kLargestText) {
    refuse(whole, fmt::format("{} bytes", given.size()), "a config of at most 1 MiB",
           "is this the right file?");
  }
  const std::string text = given.rfind("\xEF\xBB\xBF", 0) == 0 ? given.substr(3) : given;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    source->lines.push_back(line);
  }
  if (const size_t bad = first_bad_byte(text); bad != text.npos) {
    const bool is_nul = text[bad] == '\0';
    refuse(place_of_byte(text, bad, source), is_nul ? "a NUL byte" : "a byte that is no UTF-8",
           "UTF-8 text", "save the file as UTF-8");
  }
  TreeBuilder builder(source);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    YamlPlace place{source, std::max(error.mark.line, 0) + 1, std::max(error.mark.column, 0) + 1};
    refuse(place, syntax_reason(error.msg, place), "YAML", "see the line above the caret, too");
  }
  if (builder.root.place.source == nullptr) builder.root.place = {source, 1, 1};
  if (builder.root.kind == YamlNode::Kind::kNull) builder.root.kind = YamlNode::Kind::kMap;
  return std::move(builder.root);
}

}  // namespace maas
