// The schemas of bodies, by the names that routes give them (RouteDoc).
#pragma once

#include <string>
#include <string_view>

#include "serve/session.h"

namespace maas {

// The members of components/schemas that are the same for every model, with commas between.
std::string_view fixed_schemas();
bool is_fixed_schema(std::string_view name);

// Whether `name` is a schema that each model has its own of: requests with inputs or samples.
bool is_model_schema(std::string_view name);
// "InferRequest_net_1": where that of a model stands.
std::string model_schema_name(std::string_view name, const SessionInfo& info);
// Appends all of a model's, a comma before each.
void write_model_schemas(std::string& members, const SessionInfo& info);

}  // namespace maas
