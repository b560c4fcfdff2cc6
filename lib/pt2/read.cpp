#include "pt2/read.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "pt2/autocast.h"
#include "pt2/graph_reader.h"
#include "pt2/make_pure.h"
#include "pt2/model_record.h"
#include "pt2/tensors.h"

namespace maas {
namespace {

constexpr int64_t kSchemaMajor = 8;

}  // namespace

Program read_pt2(const ArchiveReader& archive) {
  const std::string record = find_model_record(archive);
  const std::string model = record.substr(7, record.size() - 12);
  const std::string where = archive.path() + ": " + record;
  simdjson::dom::parser parser;
  const JsonView exported = parse_json(parser, archive.record(record), where);
  const int64_t major = exported.at("schema_version").at("major").integer();
  if (major != kSchemaMajor) {
    throw_input(where,
                fmt::format("schema version {}.{}", major,
                            exported.at("schema_version").at("minor").integer()),
                "8.x, as torch 2.13 writes it", "export the model again with torch 2.13");
  }
  Program program;
  GraphReader(where, program).read(exported);
  attach_pt2_tensors(program, archive, model);
  spell_out_autocast(program);
  make_pure(program, where);
  return program;
}

}  // namespace maas
