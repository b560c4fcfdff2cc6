// How the server listens, what it accepts and how much it takes on: `serve:` in a config.
#pragma once

#include <cstdint>

#include "config/fields.h"
#include "http/http_config.h"

namespace maas {

struct ServeConfig : HttpConfig {
  int64_t workers = 0;
  int64_t queue_capacity = 256;
  int64_t max_batch = 0;

  void describe(Fields& field) {
    HttpConfig::describe(field);
    field("workers", workers)
        .between(0, 1024)
        .doc("inferences at once, one thread each; 0 = one a core");
    field("queue_capacity", queue_capacity)
        .between(0, 1e6)
        .doc("requests that may wait for a worker; more are answered 503");
    field("max_batch", max_batch)
        .at_least(0)
        .doc("largest first dimension of an input where it is dynamic; 0 = any");
  }
};

}  // namespace maas
