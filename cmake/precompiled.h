// Headers that most files of the libraries over libtorch include, parsed once: they are half
// of the time that such a file takes to compile. Files include what they use all the same; a build
// without precompiled headers (clang's, the preset fuzz) says so where one does not.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>
