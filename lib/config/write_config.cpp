#include "config/write_config.h"

#include "config/bind.h"
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
    bool inline_next = first_inline;
    for (const auto& field : fields.list) {
      if (is_absent(*field) || !applies(*field, fields)) continue;
      if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
        std::string body;
        std::swap(body, text_);
        section(*inner, indent + 2);
        std::swap(body, text_);
        if (body.empty()) continue;
        start_line(indent, inline_next);
        text_ += field->name + ":" + comment(*field) + "\n" + body;
      } else if (const auto* list = std::get_if<SectionListRef>(&field->target)) {
        if (list->size() == 0) continue;
        start_line(indent, inline_next);
        text_ += field->name + ":" + comment(*field) + "\n";
        for (int64_t i = 0; i < list->size(); ++i) {
          text_ += std::string(indent + 2, ' ') + "- ";
          section({nullptr, [&](Fields& f) { list->describe(i, f); }}, indent + 4, true);
        }
      } else {
        start_line(indent, inline_next);
        text_ += field->name + ": " + value_text(*field) + comment(*field) + "\n";
      }
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void start_line(size_t indent, bool& inline_next) {
    if (!inline_next) text_ += std::string(indent, ' ');
    inline_next = false;
  }
  std::string comment(const Field& field) const {
    return options_.comments && !field.doc_text.empty() ? "  # " + field.doc_text : "";
  }

  WriteConfigOptions options_;
  std::string text_;
};

}  // namespace

std::string write_config(const SectionRef& root, const WriteConfigOptions& options) {
  Writer writer(options);
  writer.section(root, 0);
  return writer.take();
}

}  // namespace maas
