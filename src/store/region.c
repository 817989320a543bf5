#define _GNU_SOURCE
#include "store/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "store/build.h"
#include "store/lock.h"
#include "store/recover.h"

#define DEFAULT_DIR "/dev/shm"
#define NFS_MAGIC 0x6969
#define SMB_MAGIC 0x517b
#define CIFS_MAGIC 0xff534d42u

enum {
    ATTACH_BYTE = PN_PROC_MAX, /* locked by the one attacher that looks around */
    ATTACH_WAIT_MS = 5000,
    ATTACH_TRIES = 16, /* create, lose the race, find it removed, again */
};

int
pn_why(struct pn_why *why, int code, const char *format, ...)
{
    int err = errno;
    if (why != NULL) {
        va_list args;
        va_start(args, format);
        vsnprintf(why->text, sizeof why->text, format, args);
        va_end(args);
        why->code = code;
        why->os_error = code == PN_E_OS || code == PN_E_NOSPACE ? err : 0;
    }
    return code;
}

static int
check_seed(const struct pn_store_opts *opts, uint8_t seed[PN_HASH_SEED_SIZE],
           struct pn_why *why)
{
    if (opts->seed != NULL) {
        memcpy(seed, opts->seed, PN_HASH_SEED_SIZE);
    } else if (getrandom(seed, PN_HASH_SEED_SIZE, 0) != PN_HASH_SEED_SIZE) {
        return pn_why(why, PN_E_OS, "no random bytes for the hash seed: %s",
                      strerror(errno));
    }
    return PN_OK;
}

static int
check_geometry(const struct pn_store_opts *opts, struct pn_geometry *geo,
               struct pn_why *why)
{
    uint64_t size = opts->size != 0 ? opts->size : PN_STORE_SIZE_DEFAULT;
    if (pn_geometry_init(geo, size, opts->item) != PN_OK) {
        return pn_why(why, PN_E_INVALID,
                      "a store of %llu bytes for items of %u bytes "
                      "cannot be made; size: %llu MiB to %llu GiB, item: 8 bytes to "
                      "1 MiB",
                      (unsigned long long)size, opts->item, PN_STORE_SIZE_MIN >> 20,
                      PN_STORE_SIZE_MAX >> 30);
    }
    return PN_OK;
}

/* ---- Private --------------------------------------------------------------- */

/* Wiped at fork: a child finds an empty index, which is a valid answer to every
 * read, and rebuilds at its first write. */
static int
map_private(struct pn_store *st, void *at)
{
    void *base = mmap(at, st->geo.region_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | (at != NULL ? MAP_FIXED : 0), -1,
                      0);
    if (base == MAP_FAILED) {
        return -1;
    }
    if (madvise(base, st->geo.region_size, MADV_WIPEONFORK) != 0) {
        int err = errno;
        munmap(base, st->geo.region_size);
        errno = err;
        return -1;
    }
    st->base = base;
    return 0;
}

int
pn_region_private(struct pn_store *st, const struct pn_store_opts *opts,
                  struct pn_why *why)
{
    uint8_t seed[PN_HASH_SEED_SIZE];
    int rc = check_geometry(opts, &st->geo, why);
    rc = rc != PN_OK ? rc : check_seed(opts, seed, why);
    if (rc != PN_OK) {
        return rc;
    }
    if (map_private(st, NULL) != 0 || pn_live_init(&st->live, -1) != 0) {
        return pn_why(why, PN_E_NOMEM, "no memory for a store of %llu bytes: %s",
                      (unsigned long long)st->geo.region_size, strerror(errno));
    }
    st->is_shared = false;
    int err = pn_super_build(st, seed);
    if (err != 0) {
        errno = err;
        return pn_why(why, PN_E_OS, "no lock: %s", strerror(err));
    }
    pn_super_adopt(st);
    st->self = pn_proc_at(st, 0);
    st->owner = pn_live_owner(0, 0);
    return PN_OK;
}

/* ---- Shared: the file ------------------------------------------------------- */

struct place {
    const char *name, *dir;
    char path[512];
};

static int
find_place(const char *name, const char *dir, struct place *place, struct pn_why *why)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t len = strlen(name);
    if (len == 0 || len > 100 || strspn(name, allowed) != len) {
        return pn_why(why, PN_E_NAME,
                      "'%.100s' cannot name a region: 1 to 100 letters, "
                      "digits, '.', '_' or '-'",
                      name);
    }
    place->name = name;
    place->dir = dir != NULL ? dir : DEFAULT_DIR;
    int n = snprintf(place->path, sizeof place->path, "%s/pinyon.%s", place->dir, name);
    if (n < 0 || (size_t)n >= sizeof place->path) {
        return pn_why(why, PN_E_NAME, "the directory's path is too long");
    }
    return PN_OK;
}

/* Shared memory over a network would be neither shared nor memory. */
static int
check_file_system(const struct place *place, struct pn_why *why)
{
    struct statfs fs;
    if (statfs(place->dir, &fs) != 0) {
        return pn_why(why, PN_E_OS, "directory '%s' for shared regions: %s", place->dir,
                      strerror(errno));
    }
    unsigned long type = (unsigned long)fs.f_type;
    if (type == NFS_MAGIC || type == SMB_MAGIC || type == CIFS_MAGIC) {
        return pn_why(why, PN_E_NAME,
                      "directory '%s' is on a network file system; "
                      "choose a memory file system such as " DEFAULT_DIR,
                      place->dir);
    }
    return PN_OK;
}

static int
reserve(int fd, const struct place *place, uint64_t size, struct pn_why *why)
{
    int err = posix_fallocate(fd, 0, (off_t)size);
    if (err == 0) {
        return PN_OK;
    }
    errno = err;
    if (err == ENOSPC) {
        struct statvfs fs = {0};
        statvfs(place->dir, &fs);
        errno = err;
        return pn_why(why, PN_E_NOSPACE,
                      "no room for %llu MiB in '%s' (%llu of %llu MiB "
                      "free): ask for a smaller size, another dir, or a larger file "
                      "system (in a container: --shm-size)",
                      (unsigned long long)size >> 20, place->dir,
                      (unsigned long long)fs.f_bavail * fs.f_frsize >> 20,
                      (unsigned long long)fs.f_blocks * fs.f_frsize >> 20);
    }
    return pn_why(why, PN_E_OS, "cannot reserve %llu bytes in '%s': %s",
                  (unsigned long long)size, place->dir, strerror(err));
}

static int
map_shared(struct pn_store *st, int fd, uint64_t size, bool prefault,
           struct pn_why *why)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | (prefault ? MAP_POPULATE : 0), fd, 0);
    if (base == MAP_FAILED) {
        return pn_why(why, PN_E_NOMEM, "cannot map %llu bytes: %s",
                      (unsigned long long)size, strerror(errno));
    }
    st->base = base;
    return PN_OK;
}

/* One attacher at a time, so that "am I alone" has an answer. */
static int
lock_attach(int fd)
{
    for (int waited = 0; waited < ATTACH_WAIT_MS; waited++) {
        struct flock lock = {.l_type = F_WRLCK,
                             .l_whence = SEEK_SET,
                             .l_start = ATTACH_BYTE,
                             .l_len = 1};
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
            return 0;
        }
        if (errno != EAGAIN && errno != EACCES) {
            return -1;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    errno = ETIMEDOUT;
    return -1;
}

static void
unlock_attach(int fd)
{
    struct flock lock = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = ATTACH_BYTE, .l_len = 1};
    fcntl(fd, F_OFD_SETLK, &lock);
}

/* A slot of the process table, or a private line when all 256 are taken. */
static void
settle(struct pn_store *st)
{
    pn_live_take_slot(&st->live, PN_PROC_MAX);
    st->self = &st->spare;
    st->owner = 0;
    if (st->live.slot >= 0) {
        st->self = pn_proc_at(st, st->live.slot);
        atomic_store_explicit(&st->self->pid, (uint32_t)getpid(), memory_order_relaxed);
        uint32_t gen = atomic_fetch_add(&st->self->gen, 1) + 1;
        st->owner = pn_live_owner(st->live.slot, gen);
    }
}

/* ---- Shared: creating ------------------------------------------------------- */

static int
build_shared(struct pn_store *st, int fd, const struct place *place,
             const struct pn_store_opts *opts, struct pn_why *why)
{
    uint8_t seed[PN_HASH_SEED_SIZE];
    int rc = check_geometry(opts, &st->geo, why);
    rc = rc != PN_OK ? rc : check_seed(opts, seed, why);
    rc = rc != PN_OK ? rc : reserve(fd, place, st->geo.region_size, why);
    rc = rc != PN_OK ? rc
                     : map_shared(st, fd, st->geo.region_size,
                                  (opts->flags & PN_STORE_NO_PREFAULT) == 0, why);
    if (rc != PN_OK) {
        return rc;
    }
    int err = pn_super_build(st, seed);
    if (err != 0) {
        errno = err;
        return pn_why(why, PN_E_OS, "no robust shared lock: %s", strerror(err));
    }
    pn_super_adopt(st);
    return PN_OK;
}

/* PN_OK; PN_EXISTS when somebody was first; or a negative code. */
static int
create(struct pn_store *st, const struct place *place, const struct pn_store_opts *opts,
       struct pn_why *why)
{
    int rc = check_file_system(place, why);
    if (rc != PN_OK) {
        return rc;
    }
    int fd = open(place->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return pn_why(why, PN_E_OS, "cannot make a file in '%s': %s", place->dir,
                      strerror(errno));
    }
    char path[48];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fchmod(fd, 0600) != 0 || pn_live_init(&st->live, fd) != 0) {
        close(fd);
        return pn_why(why, PN_E_OS, "cannot prepare a region: %s", strerror(errno));
    }
    rc = build_shared(st, fd, place, opts, why);
    if (rc == PN_OK) {
        settle(st); /* before it has a name: nobody must think us dead */
        if (linkat(AT_FDCWD, path, AT_FDCWD, place->path, AT_SYMLINK_FOLLOW) != 0) {
            rc = errno == EEXIST
                     ? PN_EXISTS
                     : pn_why(why, PN_E_OS, "cannot name the region '%s': %s",
                              place->path, strerror(errno));
        }
    }
    if (rc != PN_OK) {
        pn_region_release(st);
    }
    return rc;
}

/* ---- Shared: attaching ------------------------------------------------------ */

static int
judge_file(int fd, const struct place *place, uint64_t *size, struct pn_why *why)
{
    struct stat sb;
    if (fstat(fd, &sb) != 0) {
        return pn_why(why, PN_E_OS, "region '%s': %s", place->name, strerror(errno));
    }
    if (!S_ISREG(sb.st_mode)) {
        return pn_why(why, PN_E_MAGIC, "'%s' is not a regular file", place->path);
    }
    if (sb.st_uid != geteuid()) {
        return pn_why(why, PN_E_OWNER,
                      "region '%s' belongs to user %u, not to you (%u); "
                      "choose another name",
                      place->name, (unsigned)sb.st_uid, (unsigned)geteuid());
    }
    if ((sb.st_mode & 077) != 0) {
        return pn_why(why, PN_E_MODE,
                      "the file of region '%s' may be opened by others "
                      "(mode %03o); make it 0600 or remove it",
                      place->name, (unsigned)sb.st_mode & 0777u);
    }
    if (sb.st_size < (off_t)PN_PAGE) {
        return pn_why(why, PN_E_MAGIC,
                      "the file of '%s' is too short to be a Pinyon "
                      "region; remove it",
                      place->name);
    }
    *size = (uint64_t)sb.st_size;
    return PN_OK;
}

/* Maps, judges and takes a slot, while we hold the attach byte. */
static int
join(struct pn_store *st, const struct place *place, uint64_t size,
     const struct pn_store_opts *opts, struct pn_why *why)
{
    int rc = map_shared(st, st->live.fd, size, false, why);
    if (rc != PN_OK) {
        return rc;
    }
    st->geo.region_size = size; /* for the unmapping of a refused one */
    struct pn_geometry geo;
    rc = pn_super_judge(pn_super_of(st), size, place->name, opts, &geo, why);
    if (rc != PN_OK) {
        return rc;
    }
    st->geo = geo;
    pn_super_adopt(st);
    bool is_alone = pn_live_count(&st->live, PN_PROC_MAX) == 0;
    settle(st);
    if (is_alone) {
        pn_recover_region(st);
    }
    return PN_OK;
}

static int
attach(struct pn_store *st, const struct place *place, const struct pn_store_opts *opts,
       struct pn_why *why)
{
    int fd = open(place->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        if (errno == ENOENT) {
            return pn_why(why, PN_E_ABSENT, "there is no region '%s' in '%s'",
                          place->name, place->dir);
        }
        int code = errno == EACCES ? PN_E_OWNER : errno == ELOOP ? PN_E_MAGIC : PN_E_OS;
        return pn_why(why, code, "cannot open region '%s': %s", place->path,
                      strerror(errno));
    }
    uint64_t size = 0;
    int rc = judge_file(fd, place, &size, why);
    if (rc != PN_OK || pn_live_init(&st->live, fd) != 0) {
        close(fd);
        return rc != PN_OK ? rc
                           : pn_why(why, PN_E_OS, "region '%s': %s", place->name,
                                    strerror(errno));
    }
    if (lock_attach(fd) != 0) {
        rc = pn_why(why, PN_E_OS,
                    "region '%s' is being attached by somebody who does "
                    "not finish: %s",
                    place->name, strerror(errno));
    } else {
        rc = join(st, place, size, opts, why);
        unlock_attach(fd);
    }
    if (rc != PN_OK) {
        pn_region_release(st);
    }
    return rc;
}

int
pn_region_shared(struct pn_store *st, const char *name,
                 const struct pn_store_opts *opts, struct pn_why *why)
{
    struct place place;
    int rc = find_place(name, opts->dir, &place, why);
    st->is_shared = true;
    st->mutex_kind = pn_lock_kind();
    for (int i = 0; rc == PN_OK && i < ATTACH_TRIES; i++) {
        rc = attach(st, &place, opts, why);
        if (rc != PN_E_ABSENT || (opts->flags & PN_STORE_EXISTING) != 0) {
            return rc;
        }
        rc = create(st, &place, opts, why);
        if (rc != PN_EXISTS) {
            return rc;
        }
        rc = PN_OK;
    }
    return rc != PN_OK
               ? rc
               : pn_why(why, PN_E_ABSENT, "region '%s' appears and disappears", name);
}

int
pn_region_unlink(const char *name, const char *dir, struct pn_why *why)
{
    struct place place;
    int rc = find_place(name, dir, &place, why);
    if (rc != PN_OK) {
        return rc;
    }
    struct stat sb;
    if (lstat(place.path, &sb) != 0) {
        return pn_why(why, errno == ENOENT ? PN_E_ABSENT : PN_E_OS,
                      "region '%s' in '%s': %s", name, place.dir, strerror(errno));
    }
    if (sb.st_uid != geteuid()) {
        return pn_why(why, PN_E_OWNER,
                      "region '%s' belongs to user %u, not to you (%u)", name,
                      (unsigned)sb.st_uid, (unsigned)geteuid());
    }
    if (unlink(place.path) != 0) {
        return pn_why(why, errno == ENOENT ? PN_E_ABSENT : PN_E_OS,
                      "cannot remove region '%s': %s", name, strerror(errno));
    }
    return PN_OK;
}

/* ---- Fork and the end ------------------------------------------------------- */

static int
rebuild_private(struct pn_store *st)
{
    uint8_t seed[PN_HASH_SEED_SIZE];
    struct pn_store_opts none = {0};
    int rc = check_seed(&none, seed, NULL);
    if (rc != PN_OK) {
        return rc;
    }
    /* Readers of this process may be looking while we build: they find an empty
     * index before and after, whatever the seed. */
    if (map_private(st, st->base) != 0 || pn_super_build(st, seed) != 0) {
        return PN_E_NOMEM;
    }
    pn_super_adopt(st);
    return PN_OK;
}

int
pn_region_after_fork(struct pn_store *st)
{
    if (!pn_live_is_forked(&st->live) || !pn_live_adopt(&st->live)) {
        return PN_OK;
    }
    int rc = PN_OK;
    if (!st->is_shared) {
        rc = rebuild_private(st);
    } else if (pn_live_reopen(&st->live) != 0) {
        rc = PN_E_OS;
    } else {
        settle(st);
    }
    pn_live_adopted(&st->live);
    return rc;
}

void
pn_region_release(struct pn_store *st)
{
    if (st->base != NULL) {
        munmap(st->base, st->geo.region_size);
        st->base = NULL;
    }
    pn_live_release(&st->live);
}
