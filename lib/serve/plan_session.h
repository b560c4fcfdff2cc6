// A Model behind the server's interface.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "model/model.h"
#include "run/target.h"
#include "serve/session.h"

namespace maas {

struct PlanSessionOptions {
  std::string name;                            // of the served model; is_model_name() must hold
  std::set<std::string> disabled_passes = {};  // of lowering (run/lower.h)
  int64_t version = 1;
  Precision precision = Precision::kFp32;
};

// Lowers and compiles the model's Program, for one row now and for more rows when a request with
// more comes (run/row_plans.h). One operator runs on the calling thread alone: the server's
// parallelism is requests. Throws Error{kUsage} for a name that cannot be a part of a path or
// metric; Error{kInput} for a model whose inputs have no datatype in the protocol.
std::unique_ptr<Session> make_plan_session(const Model& model, const PlanSessionOptions& options);

}  // namespace maas
