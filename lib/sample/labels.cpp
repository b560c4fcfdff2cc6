#include "sample/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/did_you_mean.h"
#include "base/throw_error.h"

namespace maas {
namespace {

bool is_integer(std::string_view text, int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string> sorted_labels(const std::set<std::string_view>& values) {
  std::vector<std::string> labels(values.begin(), values.end());
  std::vector<std::pair<int64_t, std::string>> numbers;
  for (const std::string& label : labels) {
    int64_t value = 0;
    if (!is_integer(label, value)) return labels;
    numbers.emplace_back(value, label);
  }
  std::sort(numbers.begin(), numbers.end());
  std::transform(numbers.begin(), numbers.end(), labels.begin(),
                 [](const auto& number) { return number.second; });
  return labels;
}

LabelIndex::LabelIndex(const std::vector<std::string>& labels) : labels_(labels) {
  for (const std::string& label : labels) {
    index_.emplace(label, static_cast<int64_t>(index_.size()));
  }
}

int64_t LabelIndex::at(std::string_view label, const std::function<std::string()>& where) const {
  const auto found = index_.find(label);
  if (found != index_.end()) return found->second;
  std::string known;
  for (size_t i = 0; i < labels_.size() && i < 10; ++i) known += (i ? ", " : "") + labels_[i];
  if (labels_.size() > 10) known += fmt::format(", ... ({} labels)", labels_.size());
  throw_input(where(),
              fmt::format("label '{}' is not known{}", label, did_you_mean(label, labels_)),
              fmt::format("one of {}", known), "correct the label, or train on data that has it");
}

}  // namespace maas
