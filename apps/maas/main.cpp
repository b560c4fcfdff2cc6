// argv -> command -> exit code; the only try/catch of the program.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <new>

#include "base/disk_error.h"
#include "command.h"
#include "help.h"
#include "run/kernel_file.h"
#include "tensor/short_reason.h"
#include "usage.h"

namespace maas {
namespace {

constexpr int kStdoutClosed = 128 + SIGPIPE;

// libtorch's messages carry a C++ backtrace, which helps nobody but us.
std::string without_backtrace(const std::string& text) {
  return text.substr(0, text.find("\nException raised from"));
}

// libtorch throws its own kind of error when it gets no memory.
bool is_out_of_memory(const std::string& text) {
  return text.find("DefaultCPUAllocator") != std::string::npos ||
         text.find("Storage size calculation overflowed") != std::string::npos;
}

int run_verb(const CommandRow& row, const std::vector<std::string>& arguments, Output& output) {
  const Parser parser(row, output.options);
  output.verb = spoken_name(row);
  try {
    // CLI11 wants them last first.
    parser.app->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    output.result(output.json() ? verb_help_json(row, *parser.app) : verb_help(row, *parser.app));
    return 0;
  } catch (const CLI::ParseError& error) {
    throw usage_error(row, *parser.app, error, arguments);
  }
  if (const std::string told = kernel_file_warning(); !told.empty()) output.warn(told);
  return parser.command->run(output);
}

int run(std::vector<std::string> arguments, Output& output) {
  // Known before parsing, so that errors of parsing come out as JSON, too.
  output.options.json = std::count(arguments.begin(), arguments.end(), "--json") > 0;
  verb_first(arguments);
  join_verb(arguments);
  if (arguments.empty() || (arguments.size() == 1 && arguments[0] == "--json")) {
    output.result(output.json() ? long_help_json() : short_help());
    return 0;
  }
  const std::string verb = arguments[0];
  arguments.erase(arguments.begin());
  if (verb == "--help" || verb == "-h" || verb == "help") {
    std::erase_if(arguments, [](const std::string& word) { return word.starts_with("-"); });
    join_verb(arguments);
    if (!arguments.empty()) return run_verb(command_named(arguments[0]), {"--help"}, output);
    output.result(output.json() ? long_help_json() : long_help());
    return 0;
  }
  return run_verb(command_named(verb == "--version" ? "version" : verb), arguments, output);
}

Error out_of_memory() {
  return {ErrorKind::kResources,
          Problem{"memory", "there is not enough of it", "",
                  "use a smaller batch_size or model, or a machine with more memory", ""}};
}

// What no rule of the graph bounds is found when the network looks it up.
Error index_out_of_range(const c10::IndexError& error) {
  return {ErrorKind::kInput,
          Problem{"inputs", "lead to an index that is out of range (" + short_reason(error) + ")",
                  "numbers that the network has rows for",
                  "look at the columns that an embedding takes in, or give it more rows", ""}};
}

Error internal_error(const std::string& text, bool debug) {
  return {ErrorKind::kInternal,
          Problem{"internal error", debug ? text : without_backtrace(text), "",
                  "please report it with the command; --debug shows more", ""}};
}

int guarded(const std::vector<std::string>& arguments, Output& output) {
  try {
    return run(arguments, output);
  } catch (const StdoutClosed&) {
    return kStdoutClosed;
  } catch (const Error& error) {
    return output.fail(error);
  } catch (const c10::IndexError& error) {
    return output.fail(index_out_of_range(error));
  } catch (const std::filesystem::filesystem_error& error) {
    return output.fail(disk_error(error));
  } catch (const std::bad_alloc&) {
    return output.fail(out_of_memory());
  } catch (const std::exception& error) {
    return output.fail(is_out_of_memory(error.what())
                           ? out_of_memory()
                           : internal_error(error.what(), output.options.debug));
  }
}

// Without the destructors of libtorch's static objects, which take back thousands of operators one
// by one: a third of the time that `maas --help` takes. Whoever writes a file has closed it by now.
[[noreturn]] void leave(int code) {
  std::fflush(nullptr);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::exit(code);  // the sanitizers have their say at exit
#else
  std::_Exit(code);
#endif
}

}  // namespace
}  // namespace maas

int main(int argc, char** argv) {
  // Tensors are freed and made again at every step: keep the pages (docs/results.md, allocator).
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is a failed write, said and tidied up
  maas::occupy_standard_streams();
  int code = 0;
  {
    maas::Output output;
    code = maas::guarded({argv + std::min(argc, 1), argv + argc}, output);
  }
  maas::leave(code);
}
