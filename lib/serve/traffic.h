// Which version of a model a request gets: labels, weights, shadows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/traffic_config.h"

namespace maas {

// Thread-safe. What it says of models and versions holds whether or not they are served.
class Traffic {
 public:
  Traffic();
  // Throws Error{kUsage} for a model that stands twice, labels that are numbers or no names,
  // versions that are no numbers, weights of unknown labels or without any above 0, and a shadow
  // that is neither label nor version.
  explicit Traffic(const std::vector<ModelTraffic>& models);
  ~Traffic();
  Traffic(Traffic&&) noexcept;
  Traffic& operator=(Traffic&&) noexcept;

  bool knows(std::string_view model) const;
  // The version that a label stands for; `text` itself where it is none.
  std::string_view version_of(std::string_view model, std::string_view text) const;
  std::vector<std::string> labels_of(std::string_view model) const;

  // For a request that names no version: one of `there`, by the weights of their labels. In a row
  // of requests the shares are kept closely, not only in the long run. "" where no label with a
  // weight is there: the highest version is meant.
  std::string choose(std::string_view model, const std::vector<std::string>& there) const;

  // The version that gets a copy of a request which `version` answers; "" = none.
  std::string shadow_of(std::string_view model, std::string_view version) const;

  // What is named and not there: lines for whoever starts the server. `there`: models and their
  // versions.
  std::vector<std::string> missing(
      const std::multimap<std::string, std::string, std::less<>>& there) const;

 private:
  struct Rules;
  const Rules* rules_of(std::string_view model) const;
  std::map<std::string, std::unique_ptr<Rules>, std::less<>> rules_;
};

}  // namespace maas
