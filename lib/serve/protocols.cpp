#include "serve/protocols.h"

#include <iterator>

#include "serve/oip/operation_routes.h"
#include "serve/oip/repository_routes.h"
#include "serve/oip/routes.h"
#include "serve/page/routes.h"
#include "serve/predict/routes.h"
#include "serve/samples/routes.h"
#include "serve/tf_serving/routes.h"
#include "serve/torchserve/routes.h"

namespace maas {

std::vector<Route> protocol_routes(const ServerState& state) {
  std::vector<Route> routes;
  const auto add = [&](std::vector<Route> more) {
    routes.insert(routes.end(), std::make_move_iterator(more.begin()),
                  std::make_move_iterator(more.end()));
  };
  add(oip_routes(state));
  add(predict_routes(state));
  add(repository_routes(state));
  add(operation_routes(state));
  add(torchserve_routes(state));
  add(tf_serving_routes(state));
  add(sample_routes(state));
  add(page_routes());
  return routes;
}

}  // namespace maas
