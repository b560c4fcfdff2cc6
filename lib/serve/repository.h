// Which models a server has.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "serve/batcher.h"
#include "serve/session.h"

namespace maas {

// One version of a model, and the way to its outputs. A protocol that keeps it while the client's
// request waits keeps `session` only: the batcher holds what waits.
struct ServedModel {
  std::shared_ptr<const Session> session;
  std::shared_ptr<Batcher> batcher;

  const SessionInfo& info() const { return session->info(); }
};

// Holds what it was made with; many threads at once.
class Repository {
 public:
  // At least one model; no name and version twice. Of a name without version the first is meant.
  explicit Repository(std::vector<ServedModel> models);

  // `version` "" = any. Null: there is none.
  std::shared_ptr<const ServedModel> find(std::string_view name, std::string_view version) const;

  // What a client hears whose find() gave null: "no model 'x'; this server has 'net'".
  std::string why_not(std::string_view name, std::string_view version) const;

  const std::vector<std::shared_ptr<const ServedModel>>& models() const { return models_; }

 private:
  std::vector<std::shared_ptr<const ServedModel>> models_;
};

}  // namespace maas
