#include "base/disk_error.h"

#include <cerrno>

#include "base/shown_text.h"

namespace maas {
namespace {

bool leads_nowhere(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG ||
         error == EISDIR || error == EINVAL;
}

}  // namespace

std::string disk_remedy(int error) {
  if (error == EACCES || error == EPERM || error == EROFS) return "check the permissions";
  if (error == ENOSPC || error == EDQUOT) return "free some disk space";
  if (error == ELOOP) return "mend the symbolic link, which leads back to itself";
  if (error == ENAMETOOLONG) return "give it a shorter name";
  return "";
}

Error disk_error(const std::filesystem::filesystem_error& error) {
  const int code = error.code().value();
  std::string fix = disk_remedy(code);
  if (fix.empty()) fix = "check the path";
  constexpr size_t kMost = 500;  // of a path
  std::string where = shown_text(error.path1().string(), kMost);
  if (where.empty()) where = "a file or folder";
  if (!error.path2().empty()) where += " -> " + shown_text(error.path2().string(), kMost);
  return {leads_nowhere(code) ? ErrorKind::kInput : ErrorKind::kResources,
          Problem{.where = where,
                  .what = "cannot be used: " + error.code().message(),
                  .expected = "",
                  .fix = fix}};
}

}  // namespace maas
