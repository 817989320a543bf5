#define _GNU_SOURCE
#include "store/lock.h"

#include <errno.h>
#include <time.h>

#include "store/recover.h"

enum { SPINS = 64 }; /* about a microsecond: most sections are shorter */

int
pn_lock_init(struct pn_shard *shard, int is_shared)
{
    pthread_mutexattr_t attr;
    int err = pthread_mutexattr_init(&attr);
    if (err == 0 && is_shared) {
        err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        err = err != 0 ? err : pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    }
    err = err != 0 ? err : pthread_mutex_init(&shard->lock.mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return err;
}

/* The type and robustness of a mutex, as the C library keeps them. A damaged one
 * would send the library into paths where it asserts. 0 where we cannot look. */
static int
kind_of(const pthread_mutex_t *mutex)
{
#if defined(__GLIBC__)
    return mutex->__data.__kind;
#else
    (void)mutex;
    return 0;
#endif
}

int
pn_lock_kind(void)
{
    struct pn_shard probe = {0};
    if (pn_lock_init(&probe, 1) != 0) {
        return 0;
    }
    int kind = kind_of(&probe.lock.mutex);
    pthread_mutex_destroy(&probe.lock.mutex);
    return kind;
}

static int
clock_lock(pthread_mutex_t *mutex, uint32_t wait_ms)
{
    /* CLOCK_MONOTONIC, because a wait by the wall clock ends when somebody sets
     * it; the sanitizer knows only the other call. */
    clockid_t clock = PN_TSAN ? CLOCK_REALTIME : CLOCK_MONOTONIC;
    struct timespec until;
    clock_gettime(clock, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return PN_TSAN ? pthread_mutex_timedlock(mutex, &until)
                   : pthread_mutex_clocklock(mutex, clock, &until);
}

static int
wait_for(pthread_mutex_t *mutex, uint32_t wait_ms)
{
    int err = EBUSY;
    for (int i = 0; i < SPINS && err == EBUSY; i++) {
        err = pthread_mutex_trylock(mutex);
    }
    if (err != EBUSY || wait_ms == 0) {
        return err;
    }
    return clock_lock(mutex, wait_ms);
}

/* ERR is what the first try said; EOWNERDEAD means that we hold the lock. */
static int
lock_slow(struct pn_store *st, uint32_t shard, int err, uint32_t wait_ms)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    if (err == EBUSY) {
        err = wait_for(&sh->lock.mutex, wait_ms);
    }
    if (err == EOWNERDEAD) {
        pn_recover_shard(st, shard);
        err = pthread_mutex_consistent(&sh->lock.mutex);
    }
    if (err == 0) {
        return PN_OK;
    }
    if (err == ETIMEDOUT || err == EBUSY) {
        return PN_BUSY;
    }
    /* ENOTRECOVERABLE, or bytes that are no mutex any more. */
    atomic_store_explicit(&sh->condemned, 1, memory_order_relaxed);
    return PN_E_CONDEMNED;
}

int
pn_lock(struct pn_store *st, uint32_t shard, uint32_t wait_ms)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    if (PN_UNLIKELY(atomic_load_explicit(&sh->condemned, memory_order_relaxed) != 0)) {
        return PN_E_CONDEMNED;
    }
    if (PN_UNLIKELY(st->is_shared && kind_of(&sh->lock.mutex) != st->mutex_kind)) {
        atomic_store_explicit(&sh->condemned, 1, memory_order_relaxed);
        return PN_E_CONDEMNED;
    }
    int err = pthread_mutex_trylock(&sh->lock.mutex);
    if (PN_LIKELY(err == 0)) {
        return PN_OK;
    }
    return lock_slow(st, shard, err, wait_ms);
}

void
pn_unlock(struct pn_store *st, uint32_t shard)
{
    pthread_mutex_unlock(&pn_shard_at(st, shard)->lock.mutex);
}
