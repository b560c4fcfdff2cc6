#include "student.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "config/flatten_config.h"
#include "config/read_config.h"
#include "config/write_config.h"
#include "record/run_folder.h"
#include "train/make_job.h"
#include "train/remembered_config.h"
#include "train/run_settings.h"
#include "transform/distill/distilled.h"
#include "words.h"
#include "zoo/adopt_model.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

// What a teacher remembers, as the ground for a student's config: all but its network.
std::string ground_of(const Model& teacher, const std::string& path) {
  if (teacher.manifest.resolved_config.empty()) {  // YAML is a superset of JSON
    JsonWriter json;
    json.begin_object().field("name", teacher.name_or_stem(path) + "-student");
    json.key("distill").begin_object().field("teacher", path).end_object().end_object();
    return json.take();
  }
  ConfigFile config;
  set_older_defaults(config.experiment);
  ConfigPlaces places = read_config({.text = teacher.manifest.resolved_config,
                                     .text_name = "the teacher's config",
                                     .folder = teacher.config_folder},
                                    section_of(config));
  find_inputs(teacher, section_of(config), places);
  Experiment& experiment = config.experiment;
  experiment.model = {};
  experiment.output_dir.clear();
  experiment.eval.require.clear();  // the gate judges a student
  experiment.train.freeze.clear();  // names of the teacher's parameters
  experiment.train.body_learning_rate.reset();
  experiment.name = teacher.name_or_stem(path) + "-student";
  config.distill.teacher = {path};
  return write_config(config);
}

VerbWords words_of(const StudentWords& given) {
  VerbWords words = split_words(given.words);
  if (given.resume.empty()) return words;
  if (!words.model.empty() || !words.config.empty()) {
    throw_usage("command line", "a teacher or a config beside --resume",
                "key=value; the run has its own config",
                "leave it out: maas distill --resume " + given.resume);
  }
  if (!holds_run(given.resume)) {
    throw Error(ErrorKind::kInput, {.where = given.resume,
                                    .what = "holds no run",
                                    .expected = "a folder that maas distill wrote",
                                    .fix = "name the run's folder, such as runs/mnist-student"});
  }
  words.config = (fs::path(given.resume) / "resolved.yaml").string();
  return words;
}

// Settings of the run's bits: a resumed run must share them with its beginning.
RunSettings settings_of(StudentSetup& setup) {
  RunSettings settings = run_settings(setup.input.config.experiment);
  DistillConfig distill = setup.input.config.distill;
  distill.teacher.path = fs::path(distill.teacher.path).filename().string();
  for (const auto& [name, value] : flatten_config(distill)) settings["distill." + name] = value;
  settings["teacher"] = setup.input.model.digest;
  return settings;
}

bool is_set(const std::vector<std::string>& overrides, const std::string& prefix) {
  return std::any_of(overrides.begin(), overrides.end(),
                     [&](const std::string& word) { return word.rfind(prefix, 0) == 0; });
}

// A config that was written for a training names that training's run: the student has its own.
void check_student(StudentSetup& setup, const VerbWords& words, bool resumes) {
  Experiment& experiment = setup.input.config.experiment;
  const std::string ending = "-student";
  const std::string& name = experiment.name;
  const bool is_student = name.size() > ending.size() &&
                          name.compare(name.size() - ending.size(), name.npos, ending) == 0;
  const bool of_training = !resumes && !words.model.empty() && !words.config.empty();
  if (of_training && !is_student && !is_set(words.overrides, "name=")) experiment.name += ending;
  if (setup.input.model.manifest.resolved_config.empty() && !experiment.data.train.given() &&
      experiment.data.type != "synthetic") {
    throw_usage(
        setup.input.path, "does not remember its data", "a config with a data section",
        fmt::format("name one behind it: maas distill {} my.yaml model.type=mlp; `maas init` "
                    "writes one for your data",
                    setup.input.path));
  }
  if (words.config.empty() && !resumes && !is_set(words.overrides, "model")) {
    throw_usage("command line", "no student", "the network that learns",
                "say which: model.type=mlp model.hidden=[64], or model.from=net.pt2; `maas config "
                "explain model` lists them");
  }
}

}  // namespace

StudentSetup read_student(const StudentWords& given) {
  const VerbWords words = words_of(given);
  ConfigFile alone;
  if (words.model.empty()) {
    if (words.config.empty()) {
      throw_usage("command line", "no teacher", "TEACHER [CONFIG] [key=value ...]",
                  "name a model, such as runs/mnist_cnn/model.pt");
    }
    read_config({.file = words.config, .overrides = words.overrides}, section_of(alone));
    if (alone.distill.teacher.path.empty()) {
      throw_usage("distill.teacher", "is not set", "a model to learn from",
                  "name one before the config: maas distill model.pt " + words.config);
    }
  }
  StudentSetup setup;
  TransformInput& input = setup.input;
  input.path = words.model.empty() ? alone.distill.teacher.path : words.model;
  input.model = load_model(input.path);
  const bool resumes = !given.resume.empty();
  if (resumes) set_older_defaults(input.config.experiment);
  input.places = read_config({.base = resumes ? "" : ground_of(input.model, input.path),
                              .base_name = "the teacher's config",
                              .file = words.config,
                              .overrides = words.overrides},
                             section_of(input.config));
  input.config.distill.teacher.path = fs::absolute(input.path).string();
  input.has_data = true;
  if (!resumes) {
    with_places(input.places,
                [&] { refuse_built_beside_from(input.places, input.config.experiment.model); });
  }
  check_student(setup, words, resumes);
  if (resumes) input.config.experiment.output_dir = given.resume;
  const std::string& from = input.config.experiment.model.from.path;
  if (!from.empty()) setup.from = load_model(from);
  return setup;
}

FitJob make_student(StudentSetup& setup) {
  TransformInput& input = setup.input;
  std::vector<std::string> notes;
  const Experiment experiment = with_one_fold(input.config.experiment, notes);
  const Model& teacher = input.model;
  FitJob job = make_job(experiment, {.network = setup.from ? &*setup.from : nullptr,
                                     .network_name = experiment.model.from.path,
                                     .data = teacher.manifest.data ? &teacher : nullptr});
  input.model.program =
      adopt_model(teacher.program, job.data.spec, build_options(experiment), input.path);
  input.model.manifest.data = job.data.spec;
  job.objective = distilled({.student = job.program,
                             .teacher = input.model.program,
                             .config = input.config.distill,
                             .loss = job.train.loss,
                             .task = job.data.spec.task,
                             .batch_size = experiment.train.batch_size});
  job.settings = settings_of(setup);
  job.data.warnings.insert(job.data.warnings.end(), notes.begin(), notes.end());
  return job;
}

TransformJob student_transform(const StudentSetup& setup, const FitJob& job,
                               const Program& student) {
  TransformJob made;
  made.verb = "distill";
  made.model_name = fs::path(setup.input.path).filename().string();
  std::vector<std::string> warnings;
  made.measure =
      measure_job(setup.input.model, setup.input.experiment(), setup.input.config.gate, warnings);
  made.max_drop = setup.input.config.gate.max_drop_or(kMaxDropOfStudent);
  const std::string network =
      setup.from ? "a network that existed" : setup.input.config.experiment.model.type;
  const std::string change =
      fmt::format("a student ({}, {} parameters) taught at temperature {:g}", network,
                  job.program.parameter_count(), setup.input.config.distill.temperature);
  made.rewrite = [student, change, warnings](const Model&) {
    return Rewritten{.program = student, .change = change, .layers = {}, .notes = warnings};
  };
  return made;
}

}  // namespace maas
