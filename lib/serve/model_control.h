// Models that come and go while a server runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "serve/model_loader.h"

namespace maas {

// What a protocol may ask of the server. Thread-safe.
class ModelControl {
 public:
  virtual ~ModelControl() = default;
  // False: clients may not load and unload (serve.model_control), or the server has no files.
  virtual bool is_allowed() const = 0;
  virtual std::vector<ModelState> states() const = 0;
  // Does `work` on the thread that loads models, one after the other, makes its changes true, and
  // calls `done` there: with "" or what failed; an Error{kInput} is the client's.
  using Work = std::function<ModelChanges(ModelLoader&)>;
  virtual void ask(Work work, std::function<void(std::exception_ptr)> done) = 0;
};

}  // namespace maas
