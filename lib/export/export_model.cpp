#include "export/export_model.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/files.h"
#include "base/throw_error.h"
#include "program/quantized_form.h"
#include "tensor/short_reason.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_beyond(const fs::path& output, const Agreement& agreement,
                               double tolerance) {
  throw Error(
      ErrorKind::kRequirement,
      {.where = output.string(),
       .what = fmt::format("the outputs differ by {:.3g} ({:.3g} of the largest)",
                           agreement.max_abs, agreement.max_relative),
       .expected = fmt::format("at most {:.3g} of the largest; no file was left", tolerance),
       .fix = "if that is near enough, say so with --tolerance; else report it with the model"});
}

// Errors of the file under its temporary name, said of the one that the user named.
[[noreturn]] void throw_renamed(const Error& error, const fs::path& temporary,
                                const fs::path& output) {
  std::vector<Problem> problems = error.problems();
  for (Problem& problem : problems) {
    const size_t at = problem.where.find(temporary.filename().string());
    if (at == std::string::npos) continue;
    // A writer that renames by itself has put its own mark around the name.
    problem.where = output.string();
  }
  throw Error(error.kind(), problems);
}

// `run` with libtorch's own errors said of `where`.
template <class Run>
auto or_fail(const std::string& where, const std::string& fix, const Run& run) {
  try {
    return run();
  } catch (const c10::Error& error) {
    throw Error(ErrorKind::kFailed,
                {.where = where, .what = short_reason(error), .expected = "", .fix = fix});
  }
}

// A file under its temporary name, and the name that the user gave.
struct Files {
  const fs::path &temporary, &output;
};

Agreement compare_with_file(const Model& model, const Format& format, const Samples& samples,
                            const Files& files, const ExportOptions& options) {
  const auto tell = [&](const std::string& step) {
    if (options.progress) options.progress(step);
  };
  const std::string again = fmt::format("{}: the {} file", files.output.string(), format.name);
  const std::string report = "please report it with the model; another --format may do";
  tell("reading it again");
  const Forward read_back =
      or_fail(again, report, [&] { return format.reopen(files.temporary, model.program); });
  const Forward original = forward_of(model.program);
  tell("comparing on " + samples.origin);
  return compare(
      [&](const std::vector<at::Tensor>& inputs) {
        return or_fail("the model, on " + samples.origin,
                       "it fails before it is exported: try `maas predict` with inputs of yours",
                       [&] { return original(inputs); });
      },
      [&](const std::vector<at::Tensor>& inputs) {
        return or_fail(again, report, [&] { return read_back(inputs); });
      },
      samples.batches, [&] { tell(""); });
}

}  // namespace

double default_tolerance(const Program& program) { return is_quantized(program) ? 5e-2 : 1e-4; }

void check_export_path(const fs::path& output, const fs::path& source,
                       const ExportOptions& options) {
  std::error_code ignored;
  if (fs::is_directory(output, ignored)) {
    throw_usage(output.string(), "is a folder", "a file",
                "name a file in it with -o, such as " + (output / source.stem()).string());
  }
  if (fs::exists(output, ignored) && fs::equivalent(output, source, ignored)) {
    throw_usage(output.string(), "is the model itself", "another file",
                "name another output with -o");
  }
  check_replaceable(output);
  if (fs::exists(output, ignored) && !options.replace) {
    throw_usage(output.string(), "exists", "a new file",
                "name another output with -o, or give --force");
  }
  const fs::path folder = output.parent_path().empty() ? fs::path(".") : output.parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return;
  throw Error(
      ErrorKind::kResources,
      {.where = output.string(),
       .what = fmt::format("cannot write into {}: {}", folder.string(), std::strerror(errno)),
       .expected = "",
       .fix = errno == ENOENT ? "make the folder " + folder.string() : "check the permissions"});
}

Agreement export_model(const Model& model, const Format& format, const Samples& samples,
                       const fs::path& output, const ExportOptions& options) {
  Agreement agreement;
  write_file_atomically(output, [&](const fs::path& temporary) {
    try {
      if (options.progress) options.progress(fmt::format("writing {}", format.name));
      format.write(model, temporary, options.format);
      agreement = compare_with_file(model, format, samples, {temporary, output}, options);
    } catch (const Error& error) {
      throw_renamed(error, temporary, output);
    }
    if (agreement.max_relative > options.tolerance) {
      throw_beyond(output, agreement, options.tolerance);
    }
  });
  return agreement;
}

}  // namespace maas
