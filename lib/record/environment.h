// On what a run ran: env.json and the report's table.
#pragma once

#include <string>
#include <vector>

#include "record/report.h"

namespace maas {

// Versions, processor, threads, operating system: names and values for people.
std::vector<ReportFact> environment_facts();

// The same as one JSON object with the command line and the time of the call, which no model file
// holds; no user name, no host name, no environment variables, as runs are shared.
std::string environment_json(const std::vector<std::string>& command);

}  // namespace maas
