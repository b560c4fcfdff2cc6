#include "config/write_config.h"

#include "config/describe_field.h"
#include "config/values.h"

namespace maas {
namespace {

bool is_absent(const Field& field) {
  if (const auto* path = std::get_if<InputPath*>(&field.target)) return (*path)->path.empty();
  if (const auto* number = std::get_if<std::optional<int64_t>*>(&field.target)) {
    return !(*number)->has_value();
  }
  if (const auto* number = std::get_if<std::optional<double>*>(&field.target)) {
    return !(*number)->has_value();
  }
  if (const auto* number = std::get_if<std::optional<Quantity>*>(&field.target)) {
    return !(*number)->has_value();
  }
  return false;
}

class Writer {
 public:
  explicit Writer(const WriteConfigOptions& options) : options_(options) {}

  void section(const SectionRef& ref, size_t indent, bool first_inline = false) {
    Fields fields;
    ref.describe(fields);
    inline_next_ = first_inline;
    for (const auto& field : fields.list) {
      if (is_absent(*field) || !applies(*field, fields)) continue;
      if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
        nested(*field, *inner, indent);
      } else if (const auto* items = std::get_if<SectionListRef>(&field->target)) {
        list(*field, *items, indent);
      } else {
        line(indent, field->name + ": " + value_text(*field), *field);
      }
    }
  }

  std::string take() { return std::move(text_); }

 private:
  // Left out when nothing in it is written.
  void nested(const Field& field, const SectionRef& ref, size_t indent) {
    const bool was_inline = inline_next_;
    std::string before;
    std::swap(before, text_);
    section(ref, indent + 2);
    std::swap(before, text_);
    inline_next_ = was_inline;
    if (before.empty()) return;
    line(indent, field.name + ":", field);
    text_ += before;
  }

  void list(const Field& field, const SectionListRef& items, size_t indent) {
    if (items.size() == 0) return line(indent, field.name + ": []", field);
    line(indent, field.name + ":", field);
    for (int64_t i = 0; i < items.size(); ++i) {
      text_ += std::string(indent + 2, ' ') + "- ";
      const size_t before = text_.size();
      section({nullptr, [&](Fields& fields) { items.describe(i, fields); }}, indent + 4, true);
      if (text_.size() == before) text_ += "{}\n";
      inline_next_ = false;
    }
  }

  void line(size_t indent, const std::string& content, const Field& field) {
    if (!inline_next_) text_ += std::string(indent, ' ');
    inline_next_ = false;
    text_ += content;
    if (options_.comments && !field.doc_text.empty()) text_ += "  # " + field.doc_text;
    text_ += "\n";
  }

  WriteConfigOptions options_;
  std::string text_;
  bool inline_next_ = false;  // the next line continues one that holds "- "
};

}  // namespace

std::string write_config(const SectionRef& root, const WriteConfigOptions& options) {
  Writer writer(options);
  writer.section(root, 0);
  return writer.take();
}

}  // namespace maas
