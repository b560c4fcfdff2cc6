// Somebody's network -> one that takes this data.
#pragma once

#include <string>

#include "program/program.h"
#include "sample/spec.h"
#include "zoo/build_model.h"

namespace maas {

// `network` itself when it takes the data as they are (uint8 images, a table's columns where
// options.normalize is kNone: what maas wrote, which has its preprocessing inside, too). A network
// with one floating input of as many values a sample gets the data's preprocessing in front (pixels
// to floats, pixels and columns scaled as `options` say, flattened when it takes rows),
// so the result takes raw input as every model of maas does. What the network gives is left as it
// is: it was made to give something, and nobody but its maker knows in which units. Throws
// Error{kUsage} with both shapes when inputs or outputs do not fit the data, and for a network with
// a fixed batch size. `where` names the network's file.
Program adopt_model(const Program& network, const DataSpec& data, const BuildOptions& options,
                    const std::string& where);

}  // namespace maas
