#include "record/environment.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <sys/utsname.h>
#include <torch/version.h>

#include "base/clock.h"
#include "base/cores.h"
#include "base/json_writer.h"
#include "base/version.h"

namespace maas {
namespace {

std::string operating_system() {
  utsname name{};
  if (::uname(&name) != 0) return "unknown";
  return std::string(name.sysname) + " " + name.release + " " + name.machine;
}

}  // namespace

std::vector<ReportFact> environment_facts() {
  return {{"maas", maas_version()},
          {"libtorch", TORCH_VERSION},
          {"processor", processor_name()},
          {"instructions", at::get_cpu_capability()},
          {"threads", std::to_string(at::get_num_threads())},
          {"system", operating_system()},
          {"compiler", __VERSION__}};
}

std::string environment_json(const std::vector<std::string>& command) {
  JsonWriter json;
  json.begin_object().field("started", now_iso());
  for (const ReportFact& fact : environment_facts()) json.field(fact.name, fact.value);
  json.key("command").begin_array();
  for (const std::string& word : command) json.value(word);
  json.end_array().end_object();
  return json.take() + "\n";
}

}  // namespace maas
