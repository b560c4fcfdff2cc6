// A guard names a size by the way to its tensor: L['x'], L['x'][0], L['x']['mask'], or
// L['flat_args'][3]. torch.export names a graph's inputs by the same way ("x", "x_0", "x_mask"), so
// the names are compared.
#include "pt2/size_guards.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <set>

#include "program/dim_expression.h"
#include "program/dynamic_sizes.h"

namespace maas {
namespace {

constexpr size_t kMostGuards = 1024, kLongestGuard = 4096;
constexpr std::string_view kSize = ".size()";

// Inputs that a caller gives, constants among them, in order.
std::vector<const GraphInput*> flat_inputs(const Program& program) {
  std::vector<const GraphInput*> inputs;
  for (const GraphInput& input : program.inputs) {
    const bool given =
        input.kind == GraphInput::Kind::kUser || input.kind == GraphInput::Kind::kConstantScalar;
    if (given) inputs.push_back(&input);
  }
  return inputs;
}

class GuardReader {
 public:
  explicit GuardReader(const Program& program) : program_(program), flat_(flat_inputs(program)) {
    for (const GraphInput* input : flat_) by_name_.emplace(input->target, input);
  }

  // With sizes replaced by what they are in terms of symbols; nullopt where that cannot be done.
  std::optional<std::string> over_symbols(std::string_view guard) {
    text_ = guard;
    at_ = 0;
    std::string out;
    while (at_ < text_.size()) {
      const bool begins = text_.substr(at_, 2) == "L[" && !is_inside_a_name();
      if (!begins) {
        out += text_[at_++];
        continue;
      }
      ++at_;
      const auto size = size_text();
      if (!size || out.size() > kLongestGuard) return std::nullopt;
      out += *size;
    }
    return out;
  }

 private:
  bool is_inside_a_name() const {
    return at_ > 0 &&
           (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0 || text_[at_ - 1] == '_');
  }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  std::optional<int64_t> index() {
    int64_t number = 0;
    const char* end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data() + at_, end, number);
    if (error != std::errc()) return std::nullopt;
    at_ = static_cast<size_t>(stop - text_.data());
    return take("]") ? std::optional(number) : std::nullopt;
  }

  // ['x'][0]['key'] as the graph's input is named: "x_0_key".
  std::optional<std::string> way() {
    std::string name;
    while (take("[")) {
      if (!name.empty()) name += '_';
      if (take("'")) {
        const size_t end = text_.find("']", at_);
        if (end == std::string_view::npos) return std::nullopt;
        for (const char letter : text_.substr(at_, end - at_)) {
          const bool plain = std::isalnum(static_cast<unsigned char>(letter)) != 0;
          name += plain ? static_cast<char>(std::tolower(static_cast<unsigned char>(letter))) : '_';
        }
        at_ = end + 2;
      } else {
        const auto number = index();
        if (!number) return std::nullopt;
        name += std::to_string(*number);
      }
    }
    return name;
  }

  const GraphInput* find_input(const std::string& name) const {
    static const std::string flat = "flat_args_";
    if (name.rfind(flat, 0) == 0) {
      size_t number = 0;
      const char* end = name.data() + name.size();
      const auto [stop, error] = std::from_chars(name.data() + flat.size(), end, number);
      const bool is_one = error == std::errc() && stop == end && number < flat_.size();
      return is_one ? flat_[number] : nullptr;
    }
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  std::optional<std::string> size_text() {
    const auto name = way();
    if (!name || !take(kSize) || !take("[")) return std::nullopt;
    const auto dim = index();
    const GraphInput* input = find_input(*name);
    if (!dim || *dim < 0 || input == nullptr || input->value == kNoValue) return std::nullopt;
    const std::vector<Dim>& shape = program_.value(input->value).shape;
    if (static_cast<size_t>(*dim) >= shape.size()) return std::nullopt;
    const Dim& size = shape[static_cast<size_t>(*dim)];
    return size.is_symbolic() ? "(" + size.expression + ")" : std::to_string(size.size);
  }

  const Program& program_;
  std::vector<const GraphInput*> flat_;
  std::map<std::string, const GraphInput*> by_name_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

void take_size_guards(Program& program, const std::vector<std::string>& guards) {
  GuardReader reader(program);
  std::set<std::string> known;
  for (const std::string& guard : guards) {
    const auto text = guard.size() > kLongestGuard ? std::nullopt : reader.over_symbols(guard);
    const auto rule = text ? DimExpression::parse_rule(*text) : std::nullopt;
    const bool always = rule && rule->symbols().empty();
    const bool readable = rule && (!always || rule->evaluate({}).value_or(0) != 0);
    if (!readable || known.size() >= kMostGuards) {
      program.unread_guards.push_back(guard);
    } else if (!always && known.insert(rule->infix()).second) {
      program.size_rules.push_back(rule->infix());
    }
  }
}

std::vector<std::string> size_guards_of(const Program& program) {
  const DynamicSizes sizes(program);
  std::vector<size_t> places;  // of the inputs that are tensors, among all that a caller gives
  const auto flat = flat_inputs(program);
  for (size_t i = 0; i < flat.size(); ++i) {
    if (flat[i]->kind == GraphInput::Kind::kUser) places.push_back(i);
  }
  std::vector<std::string> guards;
  for (const std::string& text : program.size_rules) {
    const auto rule = DimExpression::parse_rule(text);
    if (!rule) continue;
    const auto spelled = sizes.spelled(*rule, [&](size_t input, size_t dim) {
      return fmt::format("L['flat_args'][{}].size()[{}]", places[input], dim);
    });
    if (spelled) guards.push_back(*spelled);
  }
  return guards;
}

}  // namespace maas
