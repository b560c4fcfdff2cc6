#include "serve/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/version.h"

namespace maas {
namespace {

class Text {
 public:
  void family(const char* name, const char* type, const char* help) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  template <class N>
  void sample(const std::string& name, const std::string& labels, N value) {
    fmt::format_to(std::back_inserter(out), "{}{}{}{} {}\n", name, labels.empty() ? "" : "{",
                   labels, labels.empty() ? "" : "}", value);
  }
  std::string out;
};

std::string labels_of(const ServedModel& model) {
  // Names need no escaping: is_model_name().
  return fmt::format("model=\"{}\",version=\"{}\"", model.info().name, model.info().version);
}

template <class Histogram>
void write_histogram(Text& text, const char* name, const std::string& labels,
                     const Histogram& histogram, double sum) {
  uint64_t below = 0;
  for (size_t i = 0; i < Histogram::kBounds.size(); ++i) {
    below += histogram.count_in(i);
    text.sample(std::string(name) + "_bucket",
                fmt::format("{},le=\"{:g}\"", labels, static_cast<double>(Histogram::kBounds[i])),
                below);
  }
  below += histogram.count_in(Histogram::kBounds.size());
  text.sample(std::string(name) + "_bucket", labels + ",le=\"+Inf\"", below);
  text.sample(std::string(name) + "_sum", labels, sum);
  text.sample(std::string(name) + "_count", labels, below);
}

struct DurationFamily {
  const char *name, *help;
  DurationHistogram ModelStatistics::*histogram;
};
constexpr DurationFamily kDurations[] = {
    {"maas_request_seconds", "From arrival to answer, of inferences that were answered",
     &ModelStatistics::request},
    {"maas_queue_seconds", "From arrival to the start of the computation", &ModelStatistics::queue},
    {"maas_input_seconds", "Reading the inputs from the request", &ModelStatistics::input},
    {"maas_compute_seconds", "The model's run; that of a batch counts for each inference in it",
     &ModelStatistics::compute},
    {"maas_output_seconds", "Writing the answer", &ModelStatistics::output},
};

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

void write_models(Text& text, const Repository::Models& models) {
  text.family("maas_inferences_total", "counter", "Inferences by how they ended");
  for (const auto& model : models) {
    for (size_t end = 0; end < kInferenceEnds; ++end) {
      text.sample(
          "maas_inferences_total",
          fmt::format("{},end=\"{}\"", labels_of(*model), to_text(static_cast<InferenceEnd>(end))),
          model->batcher->statistics().ends[end].load());
    }
  }
  for (const DurationFamily& family : kDurations) {
    text.family(family.name, "histogram", family.help);
    for (const auto& model : models) {
      const DurationHistogram& histogram = model->batcher->statistics().*family.histogram;
      write_histogram(text, family.name, labels_of(*model), histogram, seconds(histogram.sum()));
    }
  }
  text.family("maas_batch_rows", "histogram", "Rows of each run of the model");
  for (const auto& model : models) {
    const RowsHistogram& rows = model->batcher->statistics().batches;
    write_histogram(text, "maas_batch_rows", labels_of(*model), rows,
                    static_cast<double>(rows.sum()));
  }
  text.family("maas_waiting", "gauge", "Inferences that wait now");
  for (const auto& model : models) {
    text.sample("maas_waiting", labels_of(*model), model->batcher->waiting());
  }
}

// Of versions that have got copies.
void write_shadows(Text& text, Repository::Models models) {
  std::erase_if(models, [](const auto& model) { return model->shadow->total() == 0; });
  if (models.empty()) return;
  text.family("maas_shadow_copies_total", "counter",
              "Copies of requests to others, by how the outputs compare");
  for (const auto& model : models) {
    for (size_t end = 0; end < kShadowEnds; ++end) {
      text.sample(
          "maas_shadow_copies_total",
          fmt::format("{},end=\"{}\"", labels_of(*model), to_text(static_cast<ShadowEnd>(end))),
          model->shadow->ends[end].load());
    }
  }
  text.family("maas_shadow_compute_seconds", "histogram", "The model's run on a copy");
  for (const auto& model : models) {
    const DurationHistogram& compute = model->shadow->compute;
    write_histogram(text, "maas_shadow_compute_seconds", labels_of(*model), compute,
                    seconds(compute.sum()));
  }
}

void write_triton(Text& text, const Repository::Models& models) {
  const auto counter = [&](const char* name, const char* help, const auto& value_of) {
    text.family(name, "counter", help);
    for (const auto& model : models) {
      text.sample(name, labels_of(*model), value_of(model->batcher->statistics()));
    }
  };
  const auto micros = [](const DurationHistogram& histogram) {
    return std::chrono::duration_cast<std::chrono::microseconds>(histogram.sum()).count();
  };
  counter("nv_inference_request_success", "Answered requests",
          [](const auto& seen) { return seen.count(InferenceEnd::kAnswered); });
  counter("nv_inference_request_failure", "Requests that were not answered", [](const auto& seen) {
    uint64_t failed = 0;
    for (const auto& count : seen.ends) failed += count;
    return failed - seen.count(InferenceEnd::kAnswered);
  });
  counter("nv_inference_count", "Rows", [](const auto& seen) { return seen.batches.sum(); });
  counter("nv_inference_exec_count", "Runs of the model",
          [](const auto& seen) { return seen.batches.count(); });
  counter("nv_inference_request_duration_us", "Of all answered requests together",
          [&](const auto& seen) { return micros(seen.request); });
  counter("nv_inference_queue_duration_us", "Of all together",
          [&](const auto& seen) { return micros(seen.queue); });
  counter("nv_inference_compute_input_duration_us", "Of all together",
          [&](const auto& seen) { return micros(seen.input); });
  counter("nv_inference_compute_infer_duration_us", "Of all together",
          [&](const auto& seen) { return micros(seen.compute); });
  counter("nv_inference_compute_output_duration_us", "Of all together",
          [&](const auto& seen) { return micros(seen.output); });
  text.family("nv_inference_pending_request_count", "gauge", "Requests that wait now");
  for (const auto& model : models) {
    text.sample("nv_inference_pending_request_count", labels_of(*model), model->batcher->waiting());
  }
}

void write_http(Text& text, const HttpCounters& http) {
  text.family("maas_http_answers_total", "counter", "Answers by HTTP status");
  for (size_t status = 0; status < http.answers.size(); ++status) {
    const uint64_t count = http.answers[status];
    if (count > 0) {
      text.sample("maas_http_answers_total", fmt::format("status=\"{}\"", status), count);
    }
  }
  text.family("maas_http_request_bytes_total", "counter", "Bodies of requests");
  text.sample("maas_http_request_bytes_total", "", http.bytes_in.load());
  text.family("maas_http_answer_bytes_total", "counter", "Bodies of answers");
  text.sample("maas_http_answer_bytes_total", "", http.bytes_out.load());
  text.family("maas_http_connections", "gauge", "Open connections");
  text.sample("maas_http_connections", "", http.connections.load());
  text.family("maas_http_buffered_bytes", "gauge", "Bodies and answers that are held");
  text.sample("maas_http_buffered_bytes", "", http.buffered.load());
}

void write_grpc(Text& text, const GrpcShared& grpc) {
  text.family("maas_grpc_answers_total", "counter", "Answers over gRPC by code");
  for (size_t code = 0; code < grpc.answers.size(); ++code) {
    const uint64_t count = grpc.answers[code];
    if (count == 0) continue;
    text.sample("maas_grpc_answers_total",
                fmt::format("code=\"{}\"", to_text(static_cast<GrpcCode>(code))), count);
  }
  text.family("maas_grpc_under_way", "gauge", "Calls over gRPC that are not answered yet");
  text.sample("maas_grpc_under_way", "", grpc.under_way.load());
  text.family("maas_grpc_connections", "gauge", "Open connections of gRPC, of a second ago");
  text.sample("maas_grpc_connections", "", grpc.connections.load());
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

std::string metrics_text(const Repository::Models& models, const HttpCounters& http,
                         const MetricsOptions& options) {
  Text text;
  write_models(text, models);
  write_shadows(text, models);
  write_http(text, http);
  if (options.grpc != nullptr) write_grpc(text, *options.grpc);
  text.family("process_resident_memory_bytes", "gauge", "Resident memory");
  text.sample("process_resident_memory_bytes", "", resident_bytes());
  text.family("maas_build_info", "gauge", "Which maas this is");
  text.sample("maas_build_info", fmt::format("version=\"{}\"", maas_version()), 1);
  if (options.triton) write_triton(text, models);
  return std::move(text.out);
}

}  // namespace maas
