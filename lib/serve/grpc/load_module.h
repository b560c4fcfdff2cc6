// Finding and loading maas-grpc.so.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "serve/grpc/module.h"

namespace maas {

// Beside the program or in lib/maas beside its folder; the environment's MAAS_GRPC_MODULE names
// another file. Nothing: maas was built without it.
std::optional<std::filesystem::path> find_grpc_module();

struct GrpcModule {
  GrpcListenFunction* listen = nullptr;
  std::string library_version;  // of gRPC: "1.51.1"
};

// Loads it, with symbols of its own, for as long as the program lives. Throws Error{kUsage} where
// there is none, Error{kResources} where it cannot be loaded or is of another build.
GrpcModule load_grpc_module();

}  // namespace maas
