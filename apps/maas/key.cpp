// maas key -- make an API key for a server.
//
// Writes  the key's digest into a file of keys.
// Prints  the key: it is nowhere else.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/files.h"
#include "base/json_writer.h"
#include "base/throw_error.h"
#include "command.h"
#include "http/api_keys.h"
#include "serve/session.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

class KeyCommand : public Command {
 public:
  void declare(CLI::App& app) override {
    app.add_option("name", name_, "who gets it: for the server's log")->required();
    app.add_option("--file", file_, "the file of keys, for serve.keys")->required();
    app.add_option("--scopes", scopes_, "what it is good for: infer, metrics, admin")
        ->delimiter(',')
        ->allow_extra_args(false);
    app.add_option("--rate", rate_, "requests a second, as many at once; 0 = any")
        ->check(CLI::Range(0.0, 1e9));
  }

  int run(Output& output) override {
    if (!is_model_name(name_)) {
      throw_usage("name", fmt::format("'{}' is no name", name_),
                  "letters, digits and . _ -, the first no sign", "give another");
    }
    const std::string key = new_api_key();
    const bool is_new = !fs::exists(file_);
    std::string text = is_new ? "# Keys of a server, for `maas serve serve.keys=FILE`.\nkeys:\n"
                              : read_file(file_, 1 << 20);
    if (!text.ends_with('\n')) text += '\n';
    text += fmt::format("  - name: {}\n    sha256: {}\n    scopes: [{}]\n", name_, sha256_hex(key),
                        fmt::join(scopes_, ", "));
    if (rate_ > 0) text += fmt::format("    rate: {:g}\n", rate_);
    parse_api_keys(text, file_);  // nothing is written that the server would refuse
    write_file_atomically(file_, [&](const fs::path& temporary) {
      write_file_atomically(temporary, text);
      ::chmod(temporary.c_str(), S_IRUSR | S_IWUSR);
    });
    if (output.json()) {
      JsonWriter json;
      json.begin_object().field("verb", "key").field("name", name_).field("key", key);
      output.result(json.field("file", file_).end_object().text());
    } else {
      output.result(key);
      output.say(
          fmt::format("{}: key '{}', good for {}; the key above is kept nowhere, write it "
                      "down now",
                      file_, name_, fmt::join(scopes_, ", ")));
    }
    return 0;
  }

 private:
  std::string name_, file_;
  std::vector<std::string> scopes_ = {"infer"};
  double rate_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_key() { return std::make_unique<KeyCommand>(); }

}  // namespace maas
