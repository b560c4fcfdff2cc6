// Which versions of a model get which requests: an item of `serve.models` in a config.
#pragma once

#include <map>
#include <string>

#include "config/fields.h"

namespace maas {

struct ModelTraffic {
  std::string name;
  std::map<std::string, std::string> labels, weights;  // label -> version; label -> a number
  std::string shadow;
  double shadow_share = 1;

  void describe(Fields& field) {
    field("name", name).required().doc("of the model, as in URLs");
    field("labels", labels)
        .doc(
            "names of versions, such as {stable: 1, canary: 2}; they stand in URLs where a version "
            "may");
    field("weights", weights)
        .doc(
            "how requests that name no version are shared among labels, such as {stable: 95, "
            "canary: 5}; none = the highest version gets all");
    field("shadow", shadow)
        .doc(
            "a label or version that is sent copies of what others have answered; its outputs are "
            "compared and counted, not sent");
    field("shadow_share", shadow_share)
        .between(0, 1)
        .doc("of the requests that are copied; copies are dropped while others wait");
  }
};

}  // namespace maas
