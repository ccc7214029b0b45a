/* A library for LD_PRELOAD that makes faults happen to the process that loads it.

   faults_watch   records every change to the files of a folder, in order, so that a test can rebuild what a disk may
                  hold after a power cut (disk.py)
   faults_kill    kills the process at its n-th change, in the middle of every second write
   faults_clock   shifts the wall clock by a number of seconds that stands in a file, and that a test can change

   -shm files are left out: they are memory, and SQLite rebuilds them. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

/* The kinds of records; disk.py knows the same letters. */
enum { WRITE = 'w', TRUNCATE = 't', SYNC = 's', CREATE = 'c', LINK = 'l', RENAME = 'r', UNLINK = 'u', SYNC_FOLDER = 'f' };

struct record {
    uint8_t kind;
    uint16_t path_length, other_length;
    uint64_t inode;
    int64_t offset;
    uint32_t length;
} __attribute__((packed));

static char folder[PATH_MAX];
static size_t folder_length;
static int log_file = -1;
static long changes, kill_at;
static const volatile int64_t *clock_shift;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

void faults_watch(const char *path, const char *log_path) {
    strcpy(folder, path);
    folder_length = strlen(folder);
    log_file = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

void faults_kill(long number) { kill_at = number; }

void faults_clock(const char *path) {
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    clock_shift = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
}

/* True for the folder and what is in it, except -shm files. */
static int is_watched(const char *absolute) {
    size_t length = strlen(absolute);
    return strncmp(absolute, folder, folder_length) == 0 && (absolute[folder_length] == '/' || !absolute[folder_length])
        && !(length > 4 && strcmp(absolute + length - 4, "-shm") == 0);
}

static int path_in_folder(int at, const char *path, char *absolute) {
    if (log_file < 0)
        return 0;
    if (path[0] == '/')
        snprintf(absolute, PATH_MAX, "%s", path);
    else {
        char start[PATH_MAX / 2] = "";
        char link[64];
        snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
        if (readlink(link, start, sizeof start - 1) < 0)
            return 0;
        snprintf(absolute, PATH_MAX, "%s/%s", start, path);
    }
    return is_watched(absolute);
}

static int file_in_folder(int file, char *path) {
    if (log_file < 0)
        return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    return is_watched(path);
}

static uint64_t inode_of(int file) {
    struct stat found;
    return fstat(file, &found) == 0 ? found.st_ino : 0;
}

/* A change and its record are one step for all threads and processes that share the log. */
static void begin(void) {
    pthread_mutex_lock(&mutex);
    flock(log_file, LOCK_EX);
    changes++;
}

static void end(void) {
    int kept = errno;
    flock(log_file, LOCK_UN);
    pthread_mutex_unlock(&mutex);
    errno = kept;
}

static int is_last(void) { return kill_at && changes >= kill_at; }

static void die_here(void) {
    if (is_last())
        kill(getpid(), SIGKILL);
}

static void note(int kind, const char *path, const char *other, uint64_t inode, int64_t offset, const void *data, size_t length) {
    int kept = errno;
    struct record head = {kind, strlen(path), strlen(other), inode, offset, data ? length : 0};
    struct iovec parts[] = {
        {&head, sizeof head}, {(void *)path, strlen(path)}, {(void *)other, strlen(other)}, {(void *)data, data ? length : 0}};
    if (writev(log_file, parts, 4) < 0)
        abort();
    errno = kept;
}

static ssize_t write_at(int file, const void *data, size_t length, int64_t offset) {
    return offset < 0 ? syscall(SYS_write, file, data, length) : syscall(SYS_pwrite64, file, data, length, offset);
}

static ssize_t watched_write(int file, const void *data, size_t length, int64_t offset) {
    char path[PATH_MAX];
    if (!file_in_folder(file, path))
        return write_at(file, data, length, offset);
    begin();
    if (is_last() && kill_at % 2)
        write_at(file, data, length / 2, offset);
    die_here();
    ssize_t written = write_at(file, data, length, offset);
    if (written > 0) {
        int64_t start = offset >= 0 ? offset : lseek(file, 0, SEEK_CUR) - written;
        note(WRITE, "", "", inode_of(file), start, data, written);
    }
    end();
    return written;
}

ssize_t write(int file, const void *data, size_t length) { return watched_write(file, data, length, -1); }
ssize_t pwrite(int file, const void *data, size_t length, off_t offset) { return watched_write(file, data, length, offset); }
ssize_t pwrite64(int file, const void *data, size_t length, off64_t offset) { return watched_write(file, data, length, offset); }

/* Whoever copies by these falls back to write. */
ssize_t sendfile64(int out, int in, off64_t *offset, size_t length) {
    char path[PATH_MAX];
    if (file_in_folder(out, path)) {
        errno = EINVAL;
        return -1;
    }
    return syscall(SYS_sendfile, out, in, offset, length);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t length) { return sendfile64(out, in, (off64_t *)offset, length); }
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags) {
    char path[PATH_MAX];
    if (file_in_folder(out, path)) {
        errno = EXDEV;
        return -1;
    }
    return syscall(SYS_copy_file_range, in, from, out, to, length, flags);
}

int ftruncate64(int file, off64_t size) {
    char path[PATH_MAX];
    if (!file_in_folder(file, path))
        return syscall(SYS_ftruncate, file, size);
    begin();
    die_here();
    int failed = syscall(SYS_ftruncate, file, size);
    if (!failed)
        note(TRUNCATE, "", "", inode_of(file), size, NULL, 0);
    end();
    return failed;
}
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

/* What was synced is known only after the call. The disk of the test is fast: it only pretends. */
static int watched_sync(int file, long call) {
    char path[PATH_MAX];
    if (!file_in_folder(file, path))
        return syscall(call, file);
    begin();
    die_here();
    struct stat found;
    int failed = fstat(file, &found);
    if (!failed)
        note(S_ISDIR(found.st_mode) ? SYNC_FOLDER : SYNC, S_ISDIR(found.st_mode) ? path : "", "", found.st_ino, 0, NULL, 0);
    end();
    return failed;
}
int fsync(int file) { return watched_sync(file, SYS_fsync); }
int fdatasync(int file) { return watched_sync(file, SYS_fdatasync); }

static int watched_open(int at, const char *path, int flags, mode_t mode) {
    char absolute[PATH_MAX];
    if (!(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE || !path_in_folder(at, path, absolute))
        return syscall(SYS_openat, at, path, flags, mode);
    begin();
    struct stat found;
    int is_new = stat(absolute, &found) != 0, shortens = (flags & O_TRUNC) && !is_new;
    if (is_new || shortens)
        die_here();
    else
        changes--;
    int file = syscall(SYS_openat, at, path, flags, mode);
    if (file >= 0 && is_new)
        note(CREATE, absolute, "", inode_of(file), 0, NULL, 0);
    if (file >= 0 && shortens)
        note(TRUNCATE, "", "", inode_of(file), 0, NULL, 0);
    end();
    return file;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }
int open(const char *path, int flags, ...) { MODE(flags) return watched_open(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return watched_open(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return watched_open(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return watched_open(at, path, flags | O_LARGEFILE, mode); }

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    char absolute_from[PATH_MAX], absolute_to[PATH_MAX];
    if (!path_in_folder(from_at, from, absolute_from) || !path_in_folder(to_at, to, absolute_to))
        return syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    begin();
    die_here();
    int failed = syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    if (!failed)
        note(RENAME, absolute_from, absolute_to, 0, 0, NULL, 0);
    end();
    return failed;
}
int renameat(int from_at, const char *from, int to_at, const char *to) { return renameat2(from_at, from, to_at, to, 0); }
int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    char absolute[PATH_MAX];
    if (!path_in_folder(to_at, to, absolute))
        return syscall(SYS_linkat, from_at, from, to_at, to, flags);
    begin();
    die_here();
    int failed = syscall(SYS_linkat, from_at, from, to_at, to, flags);
    struct stat found;
    if (!failed && stat(absolute, &found) == 0)
        note(LINK, absolute, "", found.st_ino, 0, NULL, 0);
    end();
    return failed;
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int at, const char *path, int flags) {
    char absolute[PATH_MAX];
    struct stat found;
    if (!path_in_folder(at, path, absolute) || lstat(absolute, &found) != 0)
        return syscall(SYS_unlinkat, at, path, flags);
    begin();
    die_here();
    int failed = syscall(SYS_unlinkat, at, path, flags);
    if (!failed)
        note(UNLINK, absolute, "", 0, 0, NULL, 0);
    end();
    return failed;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }

/* The wall clock. */
static int64_t shift(void) { return clock_shift ? *clock_shift : 0; }

int clock_gettime(clockid_t id, struct timespec *now) {
    static __typeof__(&clock_gettime) original;
    if (!original)
        original = REAL(clock_gettime);
    int failed = original(id, now);
    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}
