// Messages <-> what the server knows of them.
#pragma once

#include "grpc_predict_v2.pb.h"
#include "serve/grpc/module.h"

namespace maas {

// Views of the message, which outlives it.
GrpcInferRequest view_of(const inference::ModelInferRequest& request);
void fill(inference::ModelInferResponse& response, GrpcInferAnswer answer);
void drop_unready(inference::RepositoryIndexResponse& response);

}  // namespace maas
