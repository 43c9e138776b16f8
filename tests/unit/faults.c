/* Fails one call to the system: the N-th of its kind that concerns a file below a certain folder. Loaded before libc.

   fault_arm(kind, number, error, folder) begins anew; with kind "" nothing fails, and calls are only counted.
   fault_count(kind) tells how many calls of a kind there were, fault_met() whether the call was met. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KINDS 16
static const char *kinds[KINDS] = {"read-open", "write-open", "read", "write", "close", "flush", "rename", "link",
                                   "unlink", "mkdir", "rmdir", "stat", "list", "chmod", "symlink", "lock"};
static char folder[PATH_MAX] = "";
static int counts[KINDS], wanted = -1, number, failure, met;

void fault_arm(const char *kind, int nth, int error, const char *top) {
    memset(counts, 0, sizeof counts);
    wanted = -1;
    for (int index = 0; index < KINDS; index++)
        if (!strcmp(kind, kinds[index])) wanted = index;
    number = nth;
    failure = error;
    met = 0;
    snprintf(folder, sizeof folder, "%s", top);
}

int fault_count(const char *kind) {
    for (int index = 0; index < KINDS; index++)
        if (!strcmp(kind, kinds[index])) return counts[index];
    return -1;
}

int fault_met(void) { return met; }

static int is_below(const char *path) { return folder[0] && path && !strncmp(path, folder, strlen(folder)); }

static int is_ours(int descriptor) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int at(int descriptor, const char *path) {
    return is_below(path) || (path && path[0] != '/' && descriptor >= 0 && is_ours(descriptor));
}

/* Whether this call fails. */
static int fails(int kind, int concerned) {
    if (!concerned) return 0;
    counts[kind]++;
    if (kind != wanted || counts[kind] != number) return 0;
    met = 1;
    errno = failure;
    return 1;
}

static int opening(int flags) { return flags & (O_WRONLY | O_RDWR | O_CREAT) ? 1 : 0; }

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define MODE va_list list; va_start(list, flags); mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; va_end(list)
#define OPEN(name) int name(const char *path, int flags, ...) { MODE; REAL(name); \
    return fails(opening(flags), is_below(path)) ? -1 : real(path, flags, mode); }
#define OPENAT(name) int name(int at_, const char *path, int flags, ...) { MODE; REAL(name); \
    return fails(opening(flags), at(at_, path)) ? -1 : real(at_, path, flags, mode); }
#define ONE(kind, name, parameters, concerned, ...) int name parameters { REAL(name); \
    return fails(kind, concerned) ? -1 : real(__VA_ARGS__); }

OPEN(open) OPEN(open64) OPENAT(openat) OPENAT(openat64)
ssize_t read(int fd, void *to, size_t size) { REAL(read); return fails(2, is_ours(fd)) ? -1 : real(fd, to, size); }
ssize_t write(int fd, const void *from, size_t size) { REAL(write); return fails(3, is_ours(fd)) ? -1 : real(fd, from, size); }
int close(int fd) {
    REAL(close);
    int concerned = is_ours(fd), done = real(fd); /* Linux closes the descriptor whatever it answers. */
    return fails(4, concerned) ? -1 : done;
}
ONE(5, fsync, (int fd), is_ours(fd), fd)
ONE(5, syncfs, (int fd), is_ours(fd), fd)
ONE(6, rename, (const char *a, const char *b), is_below(a) || is_below(b), a, b)
ONE(6, renameat, (int c, const char *a, int d, const char *b), at(c, a) || at(d, b), c, a, d, b)
ONE(6, renameat2, (int c, const char *a, int d, const char *b, unsigned f), at(c, a) || at(d, b), c, a, d, b, f)
ONE(7, link, (const char *a, const char *b), is_below(a) || is_below(b), a, b)
ONE(7, linkat, (int c, const char *a, int d, const char *b, int f), at(c, a) || at(d, b), c, a, d, b, f)
ONE(8, unlink, (const char *path), is_below(path), path)
ONE(8, unlinkat, (int fd, const char *path, int flags), at(fd, path), fd, path, flags)
ONE(9, mkdir, (const char *path, mode_t mode), is_below(path), path, mode)
ONE(9, mkdirat, (int fd, const char *path, mode_t mode), at(fd, path), fd, path, mode)
ONE(10, rmdir, (const char *path), is_below(path), path)
ONE(11, stat, (const char *path, struct stat *to), is_below(path), path, to)
ONE(11, lstat, (const char *path, struct stat *to), is_below(path), path, to)
ONE(11, stat64, (const char *path, struct stat64 *to), is_below(path), path, to)
ONE(11, lstat64, (const char *path, struct stat64 *to), is_below(path), path, to)
ONE(11, fstatat, (int fd, const char *path, struct stat *to, int flags), at(fd, path), fd, path, to, flags)
ONE(11, fstatat64, (int fd, const char *path, struct stat64 *to, int flags), at(fd, path), fd, path, to, flags)
DIR *opendir(const char *path) { REAL(opendir); return fails(12, is_below(path)) ? NULL : real(path); }
DIR *fdopendir(int fd) { REAL(fdopendir); return fails(12, is_ours(fd)) ? NULL : real(fd); }
ONE(13, chmod, (const char *path, mode_t mode), is_below(path), path, mode)
ONE(14, symlink, (const char *target, const char *path), is_below(path), target, path)
extern int flock(int fd, int operation);
ONE(15, flock, (int fd, int operation), is_ours(fd), fd, operation)
