// How the server listens, what it accepts and how much it takes on: `serve:` in a config.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/fields.h"
#include "http/http_config.h"
#include "serve/traffic_config.h"

namespace maas {

struct ServeConfig : HttpConfig {
  int64_t workers = 0;
  int64_t queue_capacity = 16384;
  Quantity max_queue_wait{0.5, "s"};
  int64_t batch_rows = 64;
  Quantity batch_delay{0, "s"};
  int64_t max_batch = 0;
  int64_t pack_above = 8192;
  bool share_weights = false;
  std::string precision = "fp32";
  std::string versions = "latest";
  Quantity poll{0, "s"};
  bool model_control = false;
  std::string access_log;
  int64_t health_port = -1;
  int64_t grpc_port = -1;
  Quantity grpc_connection_age{10, "s"};
  bool sandbox = false;
  bool triton_metrics = false;
  int64_t priority_levels = 0;
  std::vector<ModelTraffic> models;

  void describe(Fields& field) {
    HttpConfig::describe(field);
    field("workers", workers)
        .between(0, 1024)
        .doc("inferences at once, one thread each; 0 = one a core");
    field("queue_capacity", queue_capacity)
        .between(0, 1e6)
        .doc("requests that may wait for a worker; more are answered 503");
    field("max_queue_wait", max_queue_wait)
        .in_units({"s"})
        .between(0.001, 7 * 24 * 3600)
        .doc(
            "a request whose answer is foreseen to take longer, as the last ones took, is refused "
            "with 503");
    field("batch_rows", batch_rows)
        .between(1, 65536)
        .doc(
            "rows of waiting requests that are computed together, where the model allows it; 1 = "
            "each request by itself");
    field("batch_delay", batch_delay)
        .in_units({"s"})
        .between(0, 10)
        .doc(
            "how long a request waits for others to share its batch; 0 = none waits while a "
            "worker is free");
    field("max_batch", max_batch)
        .at_least(0)
        .doc("largest first dimension of an input where it is dynamic; 0 = any");
    field("pack_above", pack_above)
        .at_least(0)
        .doc("answers of so many bytes are sent by gzip or deflate to clients that accept it");
    describe_models(field);
    describe_operation(field);
  }

 private:
  void describe_models(Fields& field) {
    field("versions", versions)
        .doc("of a folder's models: latest, latest:N, all, or numbers such as 1,3");
    field("poll", poll)
        .in_units({"s"})
        .between(0, 7 * 24 * 3600)
        .doc(
            "how often the model files are looked at, and what is new or changed is loaded; 0 = "
            "only at SIGHUP");
    field("model_control", model_control)
        .doc(
            "clients may load and unload models (POST /v2/repository/models/M/load, unload) and "
            "set "
            "the log (POST /v2/logging)");
    field("models", models).doc("which versions of a model get which requests, a model an item");
    field("precision", precision)
        .one_of({"fp32", "bf16"})
        .doc(
            "bf16: layers in bfloat16 where this machine is quicker with it, for models whose "
            "outputs bear it");
    field("share_weights", share_weights)
        .doc(
            "use the file's own pages, which all processes that serve it share: then nobody may "
            "write into the file; to replace it, rename another over it");
  }

  void describe_operation(Fields& field) {
    field("access_log", access_log)
        .doc("file to which each request adds a line of JSON, opened again at SIGUSR1; - = stderr");
    field("health_port", health_port)
        .between(-1, 65535)
        .doc(
            "a second port, plain HTTP, for health and metrics alone; 0 = any free one, -1 = none");
    field("grpc_port", grpc_port)
        .between(-1, 65535)
        .doc("a port for the Open Inference Protocol over gRPC; 0 = any free one, -1 = none");
    field("grpc_connection_age", grpc_connection_age)
        .in_units({"s"})
        .between(1, 7 * 24 * 3600)
        .doc(
            "gRPC clients are asked to connect anew so long after they connected, without a lost "
            "call; a server that stops waits for that at most");
    field("sandbox", sandbox)
        .doc(
            "once started, run no programs and write no files but the access log (Linux with "
            "Landlock)");
    field("triton_metrics", triton_metrics).doc("/metrics has Triton's names (nv_inference_*) too");
    field("priority_levels", priority_levels)
        .between(0, 1000)
        .doc(
            "so many priorities of requests (the parameter of that name), 1 first and those "
            "without last; 0 = requests that ask for one are refused");
  }
};

}  // namespace maas
