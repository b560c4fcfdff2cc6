// What a model is asked: made from what its server says of it, in the words of several protocols.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "load/endpoint.h"
#include "load/http_call.h"

namespace maas {

enum class LoadProtocol { kOipJson, kOipBinary, kTfServing, kTorchServe };

// "json", "binary", "tf", "torchserve". Throws Error{kUsage}.
LoadProtocol parse_load_protocol(const std::string& name);
const std::vector<std::string>& load_protocol_names();

struct ModelInput {
  std::string name, datatype;  // as the Open Inference Protocol has them
  std::vector<int64_t> shape;  // without -1
  std::string text() const;    // "image UINT8 [1, 1, 28, 28]"
};

struct LoadTarget {
  Endpoint endpoint;  // its path names a model, or what is asked; may be empty
  std::string model;  // "" = the one that the path names, or the server's only one
  HttpHeaders headers;
};

struct AskOptions {
  LoadProtocol protocol = LoadProtocol::kOipJson;
  int64_t rows = 1;       // of a dynamic first dimension; other dynamic ones are 1
  std::string body = {};  // JSON to send instead of what is made up; "" = make it up
  uint64_t seed = 1;
};

struct ModelRequest {
  std::string bytes;               // the whole request
  std::string path;                // what is asked
  std::vector<ModelInput> inputs;  // that were made up; none with a body of the user's
};

// Asks the server what the model takes (GET /v2/models/M; POST /v2/repository/index for its name)
// and makes inputs up: floats in [0, 1), bytes from 0 to 255, other integers 0 or 1, the same for
// the same seed. A path beyond /v2/models/M is asked as it is, with the user's body. Throws
// Error{kUsage} for what needs the user to say more, Error{kInput} for a server that does not say
// what a model takes, and what call() throws.
ModelRequest make_model_request(const LoadTarget& target, const AskOptions& options);

// Sends it once. Throws Error{kInput} with the beginning of the answer when it is not 200.
void try_request(const LoadTarget& target, const ModelRequest& request, double seconds);

}  // namespace maas
