#include "serve/grpc/load_module.h"

#include <dlfcn.h>

#include <cstdlib>

#include "base/error.h"

namespace maas {
namespace {

constexpr const char* kFile = "maas-grpc.so";

[[noreturn]] void refuse(ErrorKind kind, const std::string& what, const std::string& expected,
                         const std::string& fix) {
  throw Error(kind,
              Problem{.where = "serve.grpc_port", .what = what, .expected = expected, .fix = fix});
}

template <class Function>
Function* function_of(void* module, const std::filesystem::path& path, const char* name) {
  auto* const found = reinterpret_cast<Function*>(::dlsym(module, name));
  if (found == nullptr)
    refuse(ErrorKind::kResources, path.string() + " is no module of maas", kFile,
           "build maas again");
  return found;
}

}  // namespace

std::optional<std::filesystem::path> find_grpc_module() {
  std::error_code error;
  if (const char* named = std::getenv("MAAS_GRPC_MODULE"); named != nullptr && *named != '\0') {
    return std::filesystem::path(named);
  }
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return std::nullopt;
  const auto folder = program.parent_path();
  for (const auto& place : {folder / kFile, folder.parent_path() / "lib" / "maas" / kFile}) {
    if (std::filesystem::is_regular_file(place, error)) return place;
  }
  return std::nullopt;
}

GrpcModule load_grpc_module() {
  const auto path = find_grpc_module();
  if (!path) {
    refuse(ErrorKind::kUsage, "this maas was built without gRPC",
           std::string(kFile) + " beside the program",
           "install libgrpc++-dev, libprotobuf-dev and protobuf-compiler-grpc, and build again; or "
           "leave out --grpc-port");
  }
  // Local: libtorch has a protobuf of its own, and neither shall see the other's symbols.
  void* const module = ::dlopen(path->c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (module == nullptr) {
    const char* reason = ::dlerror();
    refuse(ErrorKind::kResources,
           std::string("cannot load the gRPC module: ") + (reason == nullptr ? "" : reason),
           "the libraries of libgrpc++1.51", "install them, or leave out --grpc-port");
  }
  const std::string its =
      function_of<GrpcInterfaceFunction>(module, *path, "maas_grpc_interface")();
  if (its != kGrpcInterface) {
    refuse(ErrorKind::kResources, path->string() + " is of another build: " + its, kGrpcInterface,
           "use the module that was built with this program");
  }
  return {function_of<GrpcListenFunction>(module, *path, "maas_grpc_listen"),
          function_of<GrpcLibraryFunction>(module, *path, "maas_grpc_library")()};
}

}  // namespace maas
