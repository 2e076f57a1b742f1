// Keeps libomp's registration out of /dev/shm. libomp writes down there, under its process's number,
// that it is loaded, to notice a second copy of itself in the process. Where /dev/shm is missing,
// read-only or full it aborts, and a process that a signal ends leaves its file behind. These two
// functions stand before libc's: the registration goes to memory without a name, which a second copy
// cannot see, but this program links one copy only.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int is_registration(const char *name) {
  static const char prefix[] = "/__KMP_REGISTERED_LIB_";
  return !strncmp(name, prefix, sizeof prefix - 1);
}

__attribute__((visibility("default"))) int shm_open(const char *name, int flags, mode_t mode) {
  if (is_registration(name)) {
    // Only the creation has something to open: when libomp ends, nothing is there to be removed.
    if (flags & O_CREAT) return memfd_create("libomp", MFD_CLOEXEC);
    errno = ENOENT;
    return -1;
  }
  int (*next)(const char *, int, mode_t) = (int (*)(const char *, int, mode_t))dlsym(RTLD_NEXT, "shm_open");
  if (next) return next(name, flags, mode);
  errno = ENOSYS;
  return -1;
}

__attribute__((visibility("default"))) int shm_unlink(const char *name) {
  if (is_registration(name)) return 0;
  int (*next)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "shm_unlink");
  if (next) return next(name);
  errno = ENOSYS;
  return -1;
}
