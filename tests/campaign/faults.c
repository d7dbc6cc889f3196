/* File operations below one directory are counted, and one of them meets a fault.

   LD_PRELOAD puts these functions in the place of the C library's, so that every writer meets the fault: Python, NumPy,
   HDF5, Pillow and TensorFlow alike. Until arm() is called they do what the C library does. Linux with glibc. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum fault {
    NONE,      /* count only */
    STOP,      /* SIGKILL before operation n */
    TEAR,      /* SIGKILL in the middle of operation n, a write */
    FULL,      /* ENOSPC from operation n on, for what needs space; half of a write still fits */
    BROKEN,    /* EIO from operation n on, for all that changes or reads */
    ONCE,      /* EIO for operation n alone */
    UNREAD,    /* EIO from reading operation n on, for all that reads */
    INTERRUPT, /* SIGINT before operation n, which then takes place */
    TERMINATE, /* SIGTERM, the same */
};
enum { HALF = -1 }; /* in the place of an error: half of a write takes place */

static enum fault fault;
static int target, log_file;
static atomic_int changes, readings;
static char root[PATH_MAX];
static size_t root_length; /* 0: not armed */

/* From now on count what happens below `directory`, a real path, and let operation `number` (from 1) meet the fault.
   Each operation becomes a line of the file `log`. */
void arm(const char *directory, int which, int number, const char *log)
{
    fault = which;
    target = number;
    log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    root_length = strlen(strcpy(root, directory));
}

static int inside(const char *path)
{
    return root_length && !strncmp(path, root, root_length) && (path[root_length] == '/' || !path[root_length]);
}

/* Count an operation that changes something. Returns the error that it meets, 0, or HALF. */
static int change(const char *kind, const char *path)
{
    if (!inside(path) || strstr(path, "/__autograph"))
        return 0; /* TensorFlow's own temporary files: it does without them, and says so at length */
    int number = ++changes, writes = !strcmp(kind, "write");
    int needs_space = writes || !strcmp(kind, "create");
    dprintf(log_file, "%s\t%s\n", kind, path + root_length);
    if (number == target && fault == STOP)
        kill(getpid(), SIGKILL);
    if (number == target && (fault == INTERRUPT || fault == TERMINATE))
        kill(getpid(), fault == INTERRUPT ? SIGINT : SIGTERM);
    if (number == target && writes && (fault == TEAR || fault == FULL))
        return HALF;
    if (number >= target && fault == FULL && needs_space)
        return ENOSPC;
    return (number >= target && fault == BROKEN) || (number == target && fault == ONCE) ? EIO : 0;
}

/* Count an operation that reads, temporary files left out. Returns the error that it meets, or 0. */
static int reading(const char *path)
{
    if (!inside(path) || !strncmp(path + root_length, "/tmp", 4))
        return 0;
    int number = ++readings;
    dprintf(log_file, "read\t%s\n", path + root_length);
    return (fault == UNREAD && number >= target) || (fault == BROKEN && changes >= target) ? EIO : 0;
}

static char *path_of(int descriptor, char *buffer)
{
    char link[40];
    snprintf(link, sizeof link, descriptor == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", descriptor);
    ssize_t length = root_length ? readlink(link, buffer, PATH_MAX - 1) : 0;
    buffer[length > 0 ? length : 0] = 0;
    return buffer;
}

static char *absolute(int directory, const char *path, char *buffer)
{
    size_t length = path[0] == '/' ? 0 : strlen(path_of(directory, buffer));
    snprintf(buffer + length, PATH_MAX - length, length ? "/%s" : "%s", path);
    return buffer;
}

static int failed(int error)
{
    errno = error;
    return -1;
}

/* ---- what changes names ---- */

#define COUNTED(kind, path, ...)                                                                                       \
    {                                                                                                                  \
        char buffer[PATH_MAX];                                                                                         \
        int error = change(kind, path);                                                                                \
        return error ? failed(error) : syscall(__VA_ARGS__);                                                           \
    }
#define HERE AT_FDCWD

int rename(const char *from, const char *to)
    COUNTED("rename", absolute(HERE, to, buffer), SYS_renameat2, HERE, from, HERE, to, 0)
int renameat(int a, const char *from, int b, const char *to)
    COUNTED("rename", absolute(b, to, buffer), SYS_renameat2, a, from, b, to, 0)
int link(const char *from, const char *to)
    COUNTED("create", absolute(HERE, to, buffer), SYS_linkat, HERE, from, HERE, to, 0)
int symlink(const char *from, const char *to)
    COUNTED("create", absolute(HERE, to, buffer), SYS_symlinkat, from, HERE, to)
int mkdir(const char *path, mode_t mode)
    COUNTED("create", absolute(HERE, path, buffer), SYS_mkdirat, HERE, path, mode)
int mkdirat(int directory, const char *path, mode_t mode)
    COUNTED("create", absolute(directory, path, buffer), SYS_mkdirat, directory, path, mode)
int unlink(const char *path)
    COUNTED("remove", absolute(HERE, path, buffer), SYS_unlinkat, HERE, path, 0)
int rmdir(const char *path)
    COUNTED("remove", absolute(HERE, path, buffer), SYS_unlinkat, HERE, path, AT_REMOVEDIR)
int unlinkat(int directory, const char *path, int flags)
    COUNTED("remove", absolute(directory, path, buffer), SYS_unlinkat, directory, path, flags)
int truncate(const char *path, off_t length)
    COUNTED("truncate", absolute(HERE, path, buffer), SYS_truncate, path, length)

/* ---- descriptors ---- */

int ftruncate(int descriptor, off_t length)
    COUNTED("truncate", path_of(descriptor, buffer), SYS_ftruncate, descriptor, length)
int ftruncate64(int descriptor, off64_t length)
    COUNTED("truncate", path_of(descriptor, buffer), SYS_ftruncate, descriptor, length)
int fsync(int descriptor)
    COUNTED("sync", path_of(descriptor, buffer), SYS_fsync, descriptor)
int fdatasync(int descriptor)
    COUNTED("sync", path_of(descriptor, buffer), SYS_fdatasync, descriptor)

static int opened(int directory, const char *path, int flags, int mode)
{
    char buffer[PATH_MAX], *name = absolute(directory, path, buffer);
    int error, is_new = flags & O_CREAT && inside(name) && syscall(SYS_faccessat, HERE, name, F_OK);
    if (is_new || (flags & O_TMPFILE) == O_TMPFILE)
        error = change("create", name);
    else if ((flags & O_ACCMODE) != O_RDONLY)
        error = change(flags & O_TRUNC ? "truncate" : "open", name);
    else
        error = reading(name);
    return error ? failed(error) : syscall(SYS_openat, directory, path, flags, mode);
}

#define OPEN(name, directory, ...)                                                                                     \
    int name(__VA_ARGS__, int flags, ...)                                                                              \
    {                                                                                                                  \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;                                              \
        va_end(rest);                                                                                                  \
        return opened(directory, path, flags, mode);                                                                   \
    }
OPEN(open, HERE, const char *path)
OPEN(open64, HERE, const char *path)
OPEN(openat, directory, int directory, const char *path)
OPEN(openat64, directory, int directory, const char *path)
int __open64_2(const char *path, int flags) { return opened(HERE, path, flags, 0); }

int close(int descriptor)
{
    char buffer[PATH_MAX];
    int flags = root_length ? syscall(SYS_fcntl, descriptor, F_GETFL) : 0;
    int error = flags > 0 && flags & O_ACCMODE ? change("close", path_of(descriptor, buffer)) : 0;
    int result = syscall(SYS_close, descriptor); /* it is closed whatever the answer */
    return error ? failed(error) : result;
}

static ssize_t written(int descriptor, const void *data, size_t size, off_t offset)
{
    char buffer[PATH_MAX];
    int error = change("write", path_of(descriptor, buffer));
    if (error > 0)
        return failed(error);
    if (error == HALF && !(size /= 2))
        return failed(ENOSPC);
    ssize_t result = offset < 0 ? syscall(SYS_write, descriptor, data, size)
                                : syscall(SYS_pwrite64, descriptor, data, size, offset);
    if (error == HALF && fault == TEAR)
        kill(getpid(), SIGKILL);
    return result;
}
ssize_t write(int descriptor, const void *data, size_t size) { return written(descriptor, data, size, -1); }
ssize_t pwrite(int descriptor, const void *data, size_t size, off_t at) { return written(descriptor, data, size, at); }
ssize_t pwrite64(int descriptor, const void *data, size_t size, off_t at) { return written(descriptor, data, size, at); }
ssize_t writev(int descriptor, const struct iovec *parts, int count) /* the rest is asked for again */
{
    return count ? written(descriptor, parts->iov_base, parts->iov_len, -1) : 0;
}

static ssize_t has_read(int descriptor, void *data, size_t size, off_t offset)
{
    char buffer[PATH_MAX];
    int error = reading(path_of(descriptor, buffer));
    if (error)
        return failed(error);
    return offset < 0 ? syscall(SYS_read, descriptor, data, size) : syscall(SYS_pread64, descriptor, data, size, offset);
}
ssize_t read(int descriptor, void *data, size_t size) { return has_read(descriptor, data, size, -1); }
ssize_t pread(int descriptor, void *data, size_t size, off_t at) { return has_read(descriptor, data, size, at); }
ssize_t pread64(int descriptor, void *data, size_t size, off_t at) { return has_read(descriptor, data, size, at); }

/* ---- streams: glibc buffers, and what reaches the kernel passes through the functions above ---- */

#define ORIGINAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define NUMBER (int)(intptr_t)cookie

static ssize_t stream_read(void *cookie, char *data, size_t size) { return read(NUMBER, data, size); }
static ssize_t stream_write(void *cookie, const char *data, size_t size)
{
    size_t done = 0;
    for (ssize_t n; done < size && (n = write(NUMBER, data + done, size - done)) >= 0; done += n)
        ;
    return done; /* fewer than `size` is a failure */
}
static int stream_seek(void *cookie, off64_t *offset, int whence)
{
    return (*offset = lseek(NUMBER, *offset, whence)) < 0 ? -1 : 0;
}
static int stream_close(void *cookie) { return close(NUMBER); }

FILE *fdopen(int descriptor, const char *mode)
{
    char buffer[PATH_MAX];
    cookie_io_functions_t functions = {stream_read, stream_write, stream_seek, stream_close};
    if (!inside(path_of(descriptor, buffer)))
        return ORIGINAL(fdopen)(descriptor, mode);
    return fopencookie((void *)(intptr_t)descriptor, mode, functions);
}

FILE *fopen(const char *path, const char *mode)
{
    char buffer[PATH_MAX];
    if (!inside(absolute(HERE, path, buffer)))
        return ORIGINAL(fopen)(path, mode);
    int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    flags |= mode[0] == 'w' ? O_CREAT | O_TRUNC : mode[0] == 'a' ? O_CREAT | O_APPEND : 0;
    int descriptor = opened(HERE, path, flags, 0666);
    return descriptor < 0 ? NULL : fdopen(descriptor, mode);
}
FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

DIR *opendir(const char *path)
{
    char buffer[PATH_MAX];
    int error = reading(absolute(HERE, path, buffer));
    return error ? failed(error), NULL : ORIGINAL(opendir)(path);
}
