// Program -> torch.export's archive.
#pragma once

#include <map>
#include <string>

#include "program/program.h"
#include "tensor/archive.h"

namespace maas {

// Puts the records of a PT2 archive (schema 8.20, as torch 2.13 writes it) that Python's
// torch.export.load opens: graph, weights (contiguous), constants, an example input, and `extra`
// (name -> bytes) under extra/. Same Program, same bytes. The program must verify.
void write_pt2(const Program& program, const std::map<std::string, std::string>& extra,
               const PutRecord& put);

}  // namespace maas
