// Which models a server has.
#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "serve/batcher.h"
#include "serve/session.h"
#include "serve/shadow_copies.h"
#include "serve/traffic.h"

namespace maas {

// One version of a model, and the way to its outputs. A protocol that keeps it while the client's
// request waits keeps `session` only: the batcher holds what waits.
struct ServedModel {
  std::shared_ptr<const Session> session;
  std::shared_ptr<Batcher> batcher;
  std::shared_ptr<ShadowStatistics> shadow = std::make_shared<ShadowStatistics>();  // of its copies

  const SessionInfo& info() const { return session->info(); }
};

// Many threads at once. A model that is replaced or removed lives on until the last request that
// found it is answered.
class Repository {
 public:
  using Models = std::vector<std::shared_ptr<const ServedModel>>;

  Repository() = default;
  explicit Repository(std::vector<ServedModel> models, Traffic traffic = {});

  // In the place of the one with its name and version, or as a further one.
  void put(ServedModel model);
  bool remove(std::string_view name, std::string_view version);  // whether it was there

  // `version` "" = the highest number; a label is as good as its number. Null: there is none.
  std::shared_ptr<const ServedModel> find(std::string_view name, std::string_view version) const;
  // The same for an inference: without version one by the weights of the labels, if there are any.
  std::shared_ptr<const ServedModel> pick(std::string_view name, std::string_view version) const;
  // The version that gets a copy of an inference which `model` answers; null: none does.
  std::shared_ptr<const ServedModel> shadow_of(const ServedModel& model) const;
  const Traffic& traffic() const { return traffic_; }

  // What a client hears whose find() gave null: "no model 'x'; this server has 'net'".
  std::string why_not(std::string_view name, std::string_view version) const;

  // In the order in which they came, versions of a name together, the highest first.
  Models models() const;

 private:
  mutable std::shared_mutex mutex_;
  Models models_;
  const Traffic traffic_;
};

}  // namespace maas
