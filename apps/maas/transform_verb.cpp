#include "transform_verb.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/files.h"
#include "base/json_writer.h"
#include "base/shell_word.h"
#include "base/throw_error.h"
#include "config/read_config.h"
#include "sources.h"
#include "train/make_job.h"
#include "train/remembered_config.h"
#include "transform/transform_report.h"
#include "words.h"
#include "zoo/adopt_model.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

// A model under a name that nobody else has, gone unless it is published.
class Unpublished {
 public:
  explicit Unpublished(const fs::path& path)
      : final_(path),
        path_(path.parent_path() /
              fmt::format(".{}.tmp-{}", path.filename().string(), ::getpid())) {}
  ~Unpublished() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Unpublished(const Unpublished&) = delete;
  Unpublished& operator=(const Unpublished&) = delete;

  const fs::path& path() const { return path_; }
  // Errors are said of the name that the user gave.
  void save(const Model& model) const {
    try {
      save_model(model, path_);
    } catch (const Error& error) {
      std::vector<Problem> problems = error.problems();
      for (Problem& problem : problems) {
        if (problem.where == path_.string()) problem.where = final_.string();
      }
      throw Error(error.kind(), problems);
    }
  }
  void publish() const {
    std::error_code failed;
    fs::rename(path_, final_, failed);
    if (!failed) return;
    throw Error(ErrorKind::kResources, {.where = final_.string(),
                                        .what = failed.message(),
                                        .expected = "a place that can be written",
                                        .fix = "name another output with -o"});
  }

 private:
  fs::path final_, path_;
};

struct ReportFiles {
  std::string json, markdown, html;
};

ReportFiles report_files(const fs::path& model) {
  const std::string stem = (model.parent_path() / model.stem()).string();
  return {stem + ".report.json", stem + ".report.md", stem + ".report.html"};
}

std::string json_text(const TransformReport& report, const std::string& path,
                      const std::string& page, const std::optional<Error>& missed) {
  JsonWriter json;
  json.begin_object().field("verb", report.verb);
  path.empty() ? json.key("model").null() : json.field("model", path);
  write_report(json, report);
  json.field("report", page);
  if (missed) write_error(json, *missed);
  json.end_object();
  return json.take();
}

// How to have a model that did not meet the gate. What was learnt is in the run's folder: the same
// command again would learn anew, or refuse the folder.
std::string keeping(const TransformReport& report, const TransformFlags& flags) {
  if (flags.keep) return "";
  const std::string command = flags.run.empty() ? "--keep"
                                                : fmt::format("`maas {} --resume {} --keep`",
                                                              report.verb, shell_word(flags.run));
  return command + " writes the model all the same";
}

}  // namespace

void TransformFlags::declare(CLI::App& app) {
  app.add_option("model", words, "a model, then a config and key=value settings")->required();
  app.add_option("-o,--output", output, "the file to write, instead of one beside the model");
  app.add_flag("--force", force, "replace an existing file");
  app.add_flag("--keep", keep, "write the model although the gate is not met");
  app.add_flag("--dry-run", dry_run, "say what would be done, write nothing");
}

TransformInput read_transform_input(const std::vector<std::string>& words) {
  const VerbWords split = split_words(words);
  if (split.model.empty()) {
    throw_usage("command line", "no model", "MODEL [CONFIG] [key=value ...]",
                "name one, such as runs/mnist_mlp/model.pt");
  }
  TransformInput input;
  input.path = split.model;
  input.model = load_model(split.model);
  if (!input.model.manifest.resolved_config.empty()) set_older_defaults(input.config.experiment);
  input.places = read_config({.base = input.model.manifest.resolved_config,
                              .base_name = "the model's config",
                              .file = split.config,
                              .folder = input.model.config_folder,
                              .overrides = split.overrides},
                             section_of(input.config));
  find_inputs(input.model, section_of(input.config), input.places);
  const DataConfig& data = input.config.experiment.data;
  input.has_data = data.train.given() || data.type == "synthetic";
  return input;
}

void adopt_data(TransformInput& input, const std::string& path) {
  Model& model = input.model;
  const Experiment& experiment = input.config.experiment;
  if (model.manifest.data || !input.has_data) return;
  check_data_config(experiment.data);
  DataSpec spec = data_spec_of(model, experiment);
  model.program = adopt_model(model.program, spec, build_options(experiment), input.path);
  spec.task.scales.clear();  // it gives the units that it was made to give
  model.manifest.data = std::move(spec);
  remember_config(model, experiment, fs::absolute(path).parent_path());
}

std::string result_path(const TransformInput& input, const TransformFlags& flags,
                        const std::string& suffix) {
  refuse_stdout(flags.output);
  const fs::path source = input.path;
  const fs::path path = flags.output.empty()
                            ? source.parent_path() / (source.stem().string() + "-" + suffix + ".pt")
                            : fs::path(flags.output);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw_usage(path.string(), "is a folder", "a file to write",
                "name a file: -o " + (path / "model.pt").string());
  }
  if (fs::equivalent(path, source, ignored)) {
    throw_usage(path.string(), "is the input", "another file", "name another output with -o");
  }
  refuse_input(path.string(), flags.words);
  check_replaceable(path);
  if (fs::exists(path, ignored) && !flags.force) {
    throw_usage(path.string(), "exists", "a new file",
                "name another output with -o, or give --force");
  }
  return path.string();
}

int publish(Transformed done, const TransformInput& input, const std::string& path,
            const TransformFlags& flags, const Output& output) {
  TransformReport& report = done.report;
  const Unpublished file(path);
  file.save(done.model);
  report.before.bytes = static_cast<int64_t>(fs::file_size(input.path));
  report.after.bytes = static_cast<int64_t>(fs::file_size(file.path()));
  if (const std::string note = no_gain_text(report); !note.empty()) report.notes.push_back(note);
  std::optional<Error> missed;
  if (!report.gate.is_met) missed = gate_error(report, keeping(report, flags));
  const bool published = !missed || flags.keep;
  if (published) file.publish();
  const ReportFiles files = report_files(path);
  const std::string json = json_text(report, published ? path : "", files.html, missed);
  write_file_atomically(files.json, json + "\n");
  write_file_atomically(files.markdown, report_markdown(report));
  write_file_atomically(files.html, transform_report_html(report, done.model.manifest, path));
  for (const std::string& note : report.notes) output.warn(note);
  if (output.json()) {
    output.result(json);
  } else {
    if (published) output.result(path);
    output.say(report_text(report) + "report: " + files.html);
    if (!missed) output.say("next: maas serve " + shell_word(path) + " --port 8000");
  }
  if (missed) throw *missed;
  return 0;
}

}  // namespace maas
