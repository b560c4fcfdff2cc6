// What a search of settings found, for people and for programs
#pragma once

#include <map>
#include <string>
#include <vector>

#include "train/tune_config.h"
#include "tune_record.h"

namespace maas {

struct TuneFindings {
  const std::string& name;
  const std::string& metric;
  const std::vector<SearchRange>& space;
  const std::vector<TunedTrial>& trials;
  const TunedTrial& best;
};

// "train.batch_size=32 train.learning_rate=0.01"
std::string settings_text(const std::map<std::string, std::string>& settings);

// "train.learning_rate=0.01", ... as YAML in which settings of one section stand together.
std::string nested_settings(const std::vector<std::string>& settings);

std::string tune_text(const TuneFindings& found, const std::string& config);
std::string tune_json(const TuneFindings& found, const std::string& config);
std::string tune_report_html(const TuneFindings& found);  // works offline

}  // namespace maas
