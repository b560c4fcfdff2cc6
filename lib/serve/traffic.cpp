#include "serve/traffic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>

#include "base/throw_error.h"
#include "config/values.h"
#include "serve/session.h"

namespace maas {
namespace {

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 18 && text[0] != '0' &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A sequence in [0, 1) whose every stretch is spread evenly (Weyl; the golden ratio's is the most
// even), so that of 100 requests 5 % are five.
double spread(std::atomic<uint64_t>& counter) {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;  // 2^64 / 1.618...
  const uint64_t at = kGolden * (1 + counter.fetch_add(1, std::memory_order_relaxed));
  return static_cast<double>(at >> 11) / static_cast<double>(uint64_t{1} << 53);
}

}  // namespace

struct Traffic::Rules {
  std::map<std::string, std::string, std::less<>> labels;  // -> version
  std::map<std::string, double> weights;                   // of versions
  std::string shadow;                                      // a version; "" = none
  double shadow_share = 1;
  mutable std::atomic<uint64_t> chosen{0}, copied{0};
};

namespace {

[[noreturn]] void refuse(const ModelTraffic& model, const char* setting, const std::string& what,
                         const std::string& expected) {
  throw_usage(fmt::format("serve.models, '{}', {}", model.name, setting), what, expected,
              "`maas config explain serve.models` shows an example");
}

void check_labels(const ModelTraffic& model) {
  if (!is_model_name(model.name)) {
    refuse(model, "name", "cannot be part of a path", "letters, digits and . _ -");
  }
  for (const auto& [label, version] : model.labels) {
    if (!is_model_name(label) || is_version(label)) {
      refuse(model, "labels", fmt::format("'{}' is no label", label),
             "a name of letters, digits and . _ - that is no number");
    }
    if (!is_version(version)) {
      refuse(model, "labels", fmt::format("{} is '{}'", label, version),
             "a version, which is a whole number from 1 on");
    }
  }
}

std::map<std::string, double> weights_of(const ModelTraffic& model) {
  std::map<std::string, double> weights;
  double sum = 0;
  for (const auto& [label, text] : model.weights) {
    const auto version = model.labels.find(label);
    if (version == model.labels.end()) {
      refuse(model, "weights", fmt::format("'{}' is none of its labels", label), "one of them");
    }
    const auto weight = parse_number(text);
    if (!weight || *weight < 0) {
      refuse(model, "weights", fmt::format("{} is '{}'", label, text), "a number from 0 on");
    }
    weights[version->second] += *weight;
    sum += *weight;
  }
  if (!std::isfinite(sum)) refuse(model, "weights", "have no finite sum", "smaller ones");
  if (!weights.empty() && !(sum > 0)) {
    refuse(model, "weights", "are all 0", "one above 0, or no weights");
  }
  return weights;
}

}  // namespace

Traffic::Traffic() = default;
Traffic::~Traffic() = default;
Traffic::Traffic(Traffic&&) noexcept = default;
Traffic& Traffic::operator=(Traffic&&) noexcept = default;

Traffic::Traffic(const std::vector<ModelTraffic>& models) {
  for (const ModelTraffic& model : models) {
    check_labels(model);
    auto rules = std::make_unique<Rules>();
    rules->labels = {model.labels.begin(), model.labels.end()};
    rules->weights = weights_of(model);
    rules->shadow_share = model.shadow_share;
    const auto label = rules->labels.find(model.shadow);
    rules->shadow = label == rules->labels.end() ? model.shadow : label->second;
    if (!rules->shadow.empty() && !is_version(rules->shadow)) {
      refuse(model, "shadow", fmt::format("'{}' is none of its labels", model.shadow),
             "a label or a version");
    }
    if (!rules_.emplace(model.name, std::move(rules)).second) {
      refuse(model, "name", "stands twice", "each model once");
    }
  }
}

const Traffic::Rules* Traffic::rules_of(std::string_view model) const {
  const auto found = rules_.find(model);
  return found == rules_.end() ? nullptr : found->second.get();
}

bool Traffic::knows(std::string_view model) const { return rules_of(model) != nullptr; }

std::string_view Traffic::version_of(std::string_view model, std::string_view text) const {
  const Rules* const rules = rules_of(model);
  if (rules == nullptr) return text;
  const auto label = rules->labels.find(text);
  return label == rules->labels.end() ? text : std::string_view(label->second);
}

std::vector<std::string> Traffic::labels_of(std::string_view model) const {
  std::vector<std::string> labels;
  if (const Rules* const rules = rules_of(model)) {
    for (const auto& [label, version] : rules->labels) labels.push_back(label);
  }
  return labels;
}

std::string Traffic::choose(std::string_view model, const std::vector<std::string>& there) const {
  const Rules* const rules = rules_of(model);
  if (rules == nullptr || rules->weights.empty()) return "";
  double sum = 0;
  const auto weight_of = [&](const std::string& version) {
    const auto weight = rules->weights.find(version);
    return weight == rules->weights.end() ? 0 : weight->second;
  };
  for (const std::string& version : there) sum += weight_of(version);
  if (!(sum > 0)) return "";
  double left = spread(rules->chosen) * sum;
  std::string last;
  for (const std::string& version : there) {
    const double weight = weight_of(version);
    if (weight <= 0) continue;
    last = version;
    if (left < weight) break;
    left -= weight;
  }
  return last;
}

std::string Traffic::shadow_of(std::string_view model, std::string_view version) const {
  const Rules* const rules = rules_of(model);
  if (rules == nullptr || rules->shadow.empty() || rules->shadow == version) return "";
  return spread(rules->copied) < rules->shadow_share ? rules->shadow : "";
}

std::vector<std::string> Traffic::missing(
    const std::multimap<std::string, std::string, std::less<>>& there) const {
  std::vector<std::string> lines;
  const auto has = [&](const std::string& model, const std::string& version) {
    const auto [begin, end] = there.equal_range(model);
    return std::any_of(begin, end, [&](const auto& one) { return one.second == version; });
  };
  for (const auto& [model, rules] : rules_) {
    if (there.count(model) == 0) {
      lines.push_back(fmt::format("serve.models: no model '{}' is served", model));
      continue;
    }
    std::map<std::string, std::string> named;
    for (const auto& [label, version] : rules->labels) named[version] = "label " + label;
    if (!rules->shadow.empty()) named.emplace(rules->shadow, "shadow");
    for (const auto& [version, what] : named) {
      if (has(model, version)) continue;
      lines.push_back(
          fmt::format("serve.models: {} of '{}' is version {}, which is not served; "
                      "serve.versions=all serves all that there are",
                      what, model, version));
    }
  }
  return lines;
}

}  // namespace maas
