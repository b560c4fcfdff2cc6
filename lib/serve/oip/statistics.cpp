#include "serve/oip/statistics.h"

#include <mutex>

#include "base/json_writer.h"

namespace maas {
namespace {

void write_pair(JsonWriter& json, const char* name, uint64_t count, std::chrono::nanoseconds sum) {
  json.key(name).begin_object().field("count", static_cast<int64_t>(count));
  json.field("ns", static_cast<int64_t>(sum.count())).end_object();
}

void write_pair(JsonWriter& json, const char* name, const DurationHistogram& durations) {
  write_pair(json, name, durations.count(), durations.sum());
}

void write_model(JsonWriter& json, const ServedModel& model) {
  const ModelStatistics& seen = model.batcher->statistics();
  // Clients take differences, and Triton's perf_analyzer ends where counts differ.
  const std::lock_guard lock(seen.whole);
  uint64_t failed = 0;
  for (size_t end = 0; end < kInferenceEnds; ++end) {
    if (static_cast<InferenceEnd>(end) != InferenceEnd::kAnswered) failed += seen.ends[end];
  }
  json.begin_object().field("name", model.info().name).field("version", model.info().version);
  json.field("last_inference", seen.last_inference_ms.load());
  json.field("inference_count", static_cast<int64_t>(seen.batches.sum()));
  json.field("execution_count", static_cast<int64_t>(seen.batches.count()));
  json.key("inference_stats").begin_object();
  write_pair(json, "success", seen.request);
  write_pair(json, "fail", failed, {});
  write_pair(json, "queue", seen.queue);
  write_pair(json, "compute_input", seen.input);
  write_pair(json, "compute_infer", seen.compute);
  write_pair(json, "compute_output", seen.output);
  write_pair(json, "cache_hit", 0, {});
  write_pair(json, "cache_miss", 0, {});
  json.end_object().key("batch_stats").begin_array();
  for (const auto& [rows, calls] : seen.calls.all()) {
    json.begin_object().field("batch_size", rows);
    write_pair(json, "compute_infer", calls.count, calls.compute);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_tensors(JsonWriter& json, const char* name, const std::vector<TensorInfo>& tensors,
                   bool batched) {
  json.key(name).begin_array();
  for (const TensorInfo& tensor : tensors) {
    std::string type(oip_datatype(tensor.dtype));
    json.begin_object().field("name", tensor.name).field("data_type", "TYPE_" + type);
    json.key("dims").begin_array();
    for (size_t i = batched ? 1 : 0; i < tensor.shape.size(); ++i) json.value(tensor.shape[i]);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::string statistics_answer(const Repository::Models& models) {
  JsonWriter json;
  json.begin_object().key("model_stats").begin_array();
  for (const auto& model : models) write_model(json, *model);
  json.end_array().end_object();
  return json.take();
}

std::string configuration_answer(const SessionInfo& info, int64_t max_batch) {
  // Triton's dims leave the batch out where max_batch_size is above 0.
  const bool batched = info.joins_rows;
  const int64_t most = info.max_batch > 0 ? info.max_batch : max_batch > 0 ? max_batch : 65536;
  JsonWriter json;
  json.begin_object().field("name", info.name).field("platform", info.platform);
  json.field("backend", "maas").field("max_batch_size", batched ? most : 0);
  write_tensors(json, "input", info.inputs, batched);
  write_tensors(json, "output", info.outputs, batched);
  if (batched) json.key("dynamic_batching").begin_object().end_object();
  json.end_object();
  return json.take();
}

}  // namespace maas
