// maas version -- print versions.
#include "base/version.h"

#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "base/json_writer.h"
#include "command.h"

namespace maas {
namespace {

class Version : public Command {
 public:
  void declare(CLI::App&) override {}

  int run(Output& output) override {
    const std::string capability = at::get_cpu_capability();
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "version").field("maas", maas_version());
      json.field("libtorch", TORCH_VERSION).field("compiler", __VERSION__);
      json.field("cpu", capability).end_object();
      output.result(json.text());
    } else {
      output.result(fmt::format("maas {} (libtorch {}, gcc {}, cpu {})", maas_version(),
                                TORCH_VERSION, __VERSION__, capability));
    }
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<Version>(); }

}  // namespace maas
