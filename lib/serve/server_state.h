// What the routes of a protocol need of the server.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "serve/model_control.h"
#include "serve/queued_inference.h"
#include "serve/repository.h"

namespace maas {

// Outlives the routes that were made with it; they are called when it is complete.
struct ServerState {
  Repository& repository;
  const std::atomic<bool>& ready;           // false before and after the time of answering
  std::string version;                      // of maas
  int64_t max_batch = 0;                    // serve.max_batch
  ServeClock::duration request_timeout{0};  // serve.request_timeout: the longest wait
  size_t max_body = 64 << 20;               // serve.max_body_bytes: of a body that was packed
  size_t pack_above = 8192;                 // serve.pack_above: answers for clients that accept it
  ModelControl* control = nullptr;
  ShadowRunner* shadows = nullptr;  // null: nobody computes copies
  int64_t priority_levels = 0;      // serve.priority_levels
};

}  // namespace maas
