// Any text as the state and, behind a zero byte, as the manifest of a checkpoint whose tensors are
// right: a checkpoint or an Error, nothing else. Without a zero byte the manifest is right, too.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/files.h"
#include "train/checkpoint.h"

namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string right_manifest(const fs::path& folder) {
  std::string files;
  for (const char* name : {"state.safetensors", "state.json"}) {
    files += (files.empty() ? "\"" : ",\"") + std::string(name) +
             "\":{\"bytes\":" + std::to_string(fs::file_size(folder / name)) + ",\"sha256\":\"" +
             maas::sha256_hex_of_file(folder / name) + "\"}";
  }
  return "{\"format\":2,\"files\":{" + files + "}}";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const fs::path root = [] {
    const fs::path made = fs::path("/dev/shm") / ("maas-fuzz-" + std::to_string(::getpid()));
    maas::save_checkpoint(made, {.step = 3, .tensors = {}, .numbers = {}, .texts = {}}, 1);
    return made;
  }();
  static const int at_exit = std::atexit([] { fs::remove_all(root); });
  static_cast<void>(at_exit);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(text.find('\0'), size);
  const fs::path folder = root / "step-3";
  write(folder / "state.json", text.substr(0, end));
  write(folder / "manifest.json",
        end < size ? std::string(text.substr(end + 1)) : right_manifest(folder));
  std::vector<std::string> warnings;
  try {
    maas::load_newest_checkpoint(root, warnings);
  } catch (const maas::Error&) {
  }
  return 0;
}
