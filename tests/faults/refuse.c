// A disk that refuses, for LD_PRELOAD: the calls numbered REFUSE_FROM .. REFUSE_TO (from 1) of kind
// REFUSE_CALL (open, write, fsync, rename, mkdir) on paths that hold REFUSE_PATH fail with the error
// number REFUSE_ERROR, or kill the process when that is 0. An open counts when it may create.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long number(const char* name) {
  const char* text = getenv(name);
  return text == NULL ? 0 : atol(text);
}

// True when the call is to fail; errno says how.
static int refuses(const char* call, const char* path) {
  static atomic_long count;
  const char* wanted = getenv("REFUSE_CALL");
  const char* part = getenv("REFUSE_PATH");
  if (wanted == NULL || part == NULL || strcmp(call, wanted) != 0) return 0;
  if (path == NULL || strstr(path, part) == NULL) return 0;
  const long now = atomic_fetch_add(&count, 1) + 1;
  if (now < number("REFUSE_FROM") || now > number("REFUSE_TO")) return 0;
  errno = (int)number("REFUSE_ERROR");
  if (errno == 0) raise(SIGKILL);
  return 1;
}

static int refuses_descriptor(const char* call, int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size < 0) return 0;
  path[size] = '\0';
  return refuses(call, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  if ((flags & O_CREAT) != 0 && refuses("open", path)) return -1;
  return REAL(open)(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(list, mode_t) : 0;
  va_end(list);
  if ((flags & O_CREAT) != 0 && refuses("open", path)) return -1;
  return REAL(open64)(path, flags, mode);
}

ssize_t write(int descriptor, const void* bytes, size_t count) {
  return refuses_descriptor("write", descriptor) ? -1 : REAL(write)(descriptor, bytes, count);
}

int fsync(int descriptor) {
  return refuses_descriptor("fsync", descriptor) ? -1 : REAL(fsync)(descriptor);
}

int rename(const char* from, const char* to) {
  return refuses("rename", to) ? -1 : REAL(rename)(from, to);
}

int mkdir(const char* path, mode_t mode) {
  return refuses("mkdir", path) ? -1 : REAL(mkdir)(path, mode);
}
