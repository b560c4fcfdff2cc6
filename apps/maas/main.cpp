// argv -> command -> exit code; the only try/catch of the program.
#include <fmt/format.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "command.h"
#include "help.h"

namespace maas {
namespace {

// libtorch's messages carry a C++ backtrace, which helps nobody but us.
std::string without_backtrace(std::string text) {
  return text.substr(0, text.find("\nException raised from"));
}

int run_verb(const CommandRow& row, int argc, char** argv, Output& output) {
  const std::unique_ptr<Command> command = row.make();
  CLI::App app;
  app.name(fmt::format("maas {}", row.name));
  command->declare(app);
  declare_common(app, output.options);
  output.verb = row.name;
  // Known before parsing, so that a parse error comes out as JSON, too.
  for (int i = 1; i < argc; ++i) output.options.json |= std::string_view(argv[i]) == "--json";
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(verb_help(row, app).c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    throw usage_error(row, app, error, {argv + 1, argv + argc});
  }
  return command->run(output);
}

int run(int argc, char** argv, Output& output) {
  if (argc < 2) {
    std::fputs(short_help().c_str(), stdout);
    return 0;
  }
  const std::string verb = argv[1];
  if (verb == "--help" || verb == "-h" || verb == "help") {
    std::fputs(long_help().c_str(), stdout);
    return 0;
  }
  const std::string known = verb == "--version" ? "version" : verb;
  for (const CommandRow& row : commands()) {
    if (known == row.name) return run_verb(row, argc - 1, argv + 1, output);
  }
  for (int i = 2; i < argc; ++i) output.options.json |= std::string_view(argv[i]) == "--json";
  throw unknown_verb(verb);
}

int guarded(int argc, char** argv, Output& output) {
  try {
    return run(argc, argv, output);
  } catch (const Error& error) {
    return output.fail(error);
  } catch (const std::bad_alloc&) {
    return output.fail(Error(ErrorKind::kResources,
                             {.where = "memory",
                              .what = "there is not enough of it",
                              .expected = "",
                              .fix = "use a smaller batch_size, or a machine with more memory",
                              .excerpt = ""}));
  } catch (const std::exception& error) {
    const std::string text = error.what();
    return output.fail(
        Error(ErrorKind::kInternal, {.where = "internal error",
                                     .what = output.options.debug ? text : without_backtrace(text),
                                     .expected = "",
                                     .fix = "please report it with the command; --debug shows more",
                                     .excerpt = ""}));
  }
}

}  // namespace
}  // namespace maas

int main(int argc, char** argv) {
  // Tensors are freed and made again at every step: keep the pages (docs/results.md, allocator).
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  maas::Output output;
  const int code = maas::guarded(argc, argv, output);
  std::fflush(stdout);
  return code;
}
