#define _GNU_SOURCE
#include "store/region.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "store/build.h"
#include "store/lock.h"
#include "store/recover.h"
#include "store/shmfile.h"

enum {
    ATTACH_BYTE = PN_PROC_MAX, /* locked by the one attacher that looks around */
    ATTACH_WAIT_MS = 5000,
    ATTACH_TRIES = 16, /* create, lose the race, find it removed, again */
};

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

/* ---- Shared --------------------------------------------------------------- */

/* FD is the store's from here on, also when this fails. */
static int
take_file(struct pn_store *st, int fd, struct pn_why *why)
{
    if (pn_live_init(&st->live, fd) != 0) {
        int err = errno;
        close(fd);
        return pn_why(why, PN_E_OS, "no page to notice a fork by: %s", strerror(err));
    }
    return PN_OK;
}

static int
map_shared(struct pn_store *st, uint64_t size, bool prefault, struct pn_why *why)
{
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_SHARED | (prefault ? MAP_POPULATE : 0), st->live.fd, 0);
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

/* PN_OK; PN_EXISTS when somebody was first; or a negative code. */
static int
create(struct pn_store *st, const struct pn_shm *place,
       const struct pn_store_opts *opts, struct pn_why *why)
{
    uint8_t seed[PN_HASH_SEED_SIZE];
    int rc = check_geometry(opts, &st->geo, why);
    rc = rc != PN_OK ? rc : check_seed(opts, seed, why);
    if (rc != PN_OK) {
        return rc;
    }
    int fd = pn_shm_create(place, st->geo.region_size, why);
    if (fd < 0) {
        return fd;
    }
    rc = take_file(st, fd, why);
    bool prefault = (opts->flags & PN_STORE_NO_PREFAULT) == 0;
    rc = rc != PN_OK ? rc : map_shared(st, st->geo.region_size, prefault, why);
    if (rc != PN_OK) {
        return rc;
    }
    errno = pn_super_build(st, seed);
    if (errno != 0) {
        return pn_why(why, PN_E_OS, "no robust shared lock: %s", strerror(errno));
    }
    pn_super_adopt(st);
    settle(st); /* before it has a name: nobody must think us dead */
    return pn_shm_name(place, fd, why);
}

/* Maps, judges and takes a slot, while we hold the attach byte. */
static int
join(struct pn_store *st, const struct pn_shm *place, uint64_t size,
     const struct pn_store_opts *opts, struct pn_why *why)
{
    int rc = map_shared(st, size, false, why);
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
    bool is_alone = pn_live_is_alone(&st->live, PN_PROC_MAX);
    settle(st);
    if (is_alone) {
        pn_recover_region(st);
    }
    return PN_OK;
}

static int
attach(struct pn_store *st, const struct pn_shm *place,
       const struct pn_store_opts *opts, struct pn_why *why)
{
    uint64_t size = 0;
    int fd = pn_shm_open(place, &size, why);
    if (fd < 0) {
        return fd;
    }
    int rc = take_file(st, fd, why);
    if (rc != PN_OK) {
        return rc;
    }
    if (lock_attach(fd) != 0) {
        return pn_why(why, PN_E_OS,
                      "region '%s' is being attached by somebody who does "
                      "not finish: %s",
                      place->name, strerror(errno));
    }
    rc = join(st, place, size, opts, why);
    unlock_attach(fd);
    return rc;
}

int
pn_region_shared(struct pn_store *st, const char *name,
                 const struct pn_store_opts *opts, struct pn_why *why)
{
    struct pn_shm place;
    int rc = pn_shm_find(name, opts->dir, &place, why);
    st->is_shared = true;
    st->mutex_kind = pn_lock_kind();
    for (int i = 0; rc == PN_OK && i < ATTACH_TRIES; i++) {
        rc = attach(st, &place, opts, why);
        if (rc == PN_E_ABSENT && (opts->flags & PN_STORE_EXISTING) == 0) {
            rc = create(st, &place, opts, why);
        }
        if (rc == PN_OK) {
            return PN_OK;
        }
        pn_region_release(st);
        rc = rc == PN_EXISTS ? PN_OK : rc;
    }
    return rc != PN_OK
               ? rc
               : pn_why(why, PN_E_ABSENT, "region '%s' appears and disappears", name);
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
