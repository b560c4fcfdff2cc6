// maas import -- make a model of somebody's file.
//
// Reads   the file in its format: never as code.
// Writes  a model beside it, or where -o says; never over an existing one without --force.
// Prints  the model's path.
#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "export/export_model.h"
#include "export/import_model.h"
#include "words.h"

namespace maas {
namespace {

class Import : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("file", file_, "the file to read, such as net.onnx")->required();
    std::vector<std::string> names;
    for (const Format& format : formats()) {
      if (format.read != nullptr) names.emplace_back(format.name);
    }
    app.add_option("--format", format_, "the format; else the file's ending says it")
        ->check(CLI::IsMember(names));
    app.add_option("-o,--output", output_, "the model to write, beside the file by default");
    app.add_flag("--force", force_, "replace an existing file");
    app.add_flag("--dry-run", dry_run_, "read and check, write nothing");
  }

  int run(Output& output) override {
    refuse_stdout(output_);
    const Format& format = format_.empty() ? format_of_file(file_) : format_named(format_);
    if (output_.empty()) {
      output_ = std::filesystem::path(file_).replace_extension(".pt").string();
    }
    Model model = import_model(file_, format);
    check_export_path(output_, file_, {.replace = force_});
    if (!dry_run_) model.digest = save_model(model, output_, {.replace = force_});
    output.say(fmt::format("{} {}: {} operators, {} parameters", dry_run_ ? "would write" : "wrote",
                           output_, model.program.nodes.size(), model.program.parameter_count()));
    if (!output.json()) {
      output.result(output_);
      return 0;
    }
    JsonWriter json;
    json.begin_object().field("verb", "import").field("model", output_).field("file", file_);
    json.field("format", format.name).field("written", !dry_run_).field("digest", model.digest);
    json.field("parent", model.manifest.lineage.back().parent);
    json.field("operators", static_cast<uint64_t>(model.program.nodes.size()));
    json.field("parameters", model.program.parameter_count());
    output.result(json.end_object().text());
    return 0;
  }

 private:
  std::string file_, format_, output_;
  bool force_ = false, dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> make_import() { return std::make_unique<Import>(); }

}  // namespace maas
