#define _GNU_SOURCE
#include "store/lease.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/crash.h"
#include "store/lock.h"
#include "store/owner.h"
#include "store/region.h"

enum { NONE = PN_LEASE_PER_SHARD };

static unsigned
find(const struct pn_store *st, const struct pn_probe *pb)
{
    const struct pn_lease_rec *rec = pn_leases_at(st, pb->shard);
    for (unsigned i = 0; i < PN_LEASE_PER_SHARD; i++) {
        if (rec[i].token != 0 && rec[i].hash == pb->hash) {
            return i;
        }
    }
    return NONE;
}

/* A free record, or one whose deadline has passed. */
static unsigned
find_free(const struct pn_store *st, uint32_t shard, uint64_t now_ms)
{
    const struct pn_lease_rec *rec = pn_leases_at(st, shard);
    for (unsigned i = 0; i < PN_LEASE_PER_SHARD; i++) {
        if (rec[i].token == 0 || rec[i].deadline_ms <= now_ms) {
            return i;
        }
    }
    return NONE;
}

static struct pn_lease_rec *
record(const struct pn_store *st, const struct pn_lease *lease)
{
    uint32_t shard = lease->record / PN_LEASE_PER_SHARD;
    if (shard >= st->geo.nshard) {
        return NULL;
    }
    return pn_leases_at(st, shard) + lease->record % PN_LEASE_PER_SHARD;
}

static void
wake_all(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Under the lock: nobody holds the record any more. */
static void
release(struct pn_store *st, uint32_t shard, struct pn_lease_rec *rec)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    rec->token = 0;
    sh->nlease -= sh->nlease > 0;
    atomic_fetch_add_explicit(&rec->word, 1, memory_order_release);
}

static uint32_t
clear_gen(const struct pn_store *st)
{
    return atomic_load_explicit(&pn_super_of(st)->clear_gen, memory_order_acquire);
}

bool
pn_lease_is_current(const struct pn_store *st, const struct pn_probe *pb,
                    const struct pn_lease *lease)
{
    if (lease->token == 0) { /* granted without a record: nothing can be told */
        return true;
    }
    const struct pn_lease_rec *rec = record(st, lease);
    return rec != NULL && lease->hash == pb->hash && rec->hash == pb->hash &&
           rec->token == lease->token && lease->token >> 32 == clear_gen(st);
}

uint32_t
pn_lease_fence(struct pn_store *st, const struct pn_probe *pb)
{
    if (PN_LIKELY(pn_shard_at(st, pb->shard)->nlease == 0)) {
        return 0;
    }
    unsigned i = find(st, pb);
    if (i == NONE) {
        return 0;
    }
    release(st, pb->shard, pn_leases_at(st, pb->shard) + i);
    return i + 1;
}

void
pn_lease_wake(struct pn_store *st, uint32_t shard, uint32_t wake)
{
    if (PN_UNLIKELY(wake != 0)) {
        wake_all(&pn_leases_at(st, shard)[wake - 1].word);
    }
}

/* ---- Asking ---------------------------------------------------------------- */

static void
grant(struct pn_store *st, const struct pn_probe *pb, unsigned i, uint64_t deadline_ms,
      struct pn_lease *out)
{
    struct pn_shard *sh = pn_shard_at(st, pb->shard);
    struct pn_lease_rec *rec = pn_leases_at(st, pb->shard) + i;
    sh->nlease += rec->token == 0;
    sh->next_token++;
    sh->next_token += sh->next_token == 0;
    rec->hash = pb->hash;
    rec->deadline_ms = deadline_ms;
    rec->owner = st->owner;
    rec->token = (uint64_t)clear_gen(st) << 32 | sh->next_token;
    PN_CRASH_POINT(PN_CP_LEASE_WRITTEN);
    out->token = rec->token;
    out->seen = atomic_fetch_add_explicit(&rec->word, 1, memory_order_release) + 1;
    sh->leases++;
}

/* Under the lock. DEAD is a token whose owner was found dead, or 0. */
static int
ask(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms, uint64_t ttl_ms,
    uint64_t dead, struct pn_lease *out, uint32_t *owner)
{
    unsigned i = find(st, pb);
    uint64_t deadline_ms = ttl_ms > (1ull << 40) ? now_ms + (1ull << 40)
                                                 : now_ms + ttl_ms;
    if (i != NONE) {
        const struct pn_lease_rec *rec = pn_leases_at(st, pb->shard) + i;
        if (rec->deadline_ms > now_ms && rec->token != dead) {
            *owner = rec->owner;
            out->token = rec->token;
            out->deadline_ms = rec->deadline_ms;
            out->seen = atomic_load_explicit(&rec->word, memory_order_acquire);
            out->record = pb->shard * PN_LEASE_PER_SHARD + i;
            return PN_HELD;
        }
        pn_shard_at(st, pb->shard)->takeovers++;
    } else {
        i = find_free(st, pb->shard, now_ms);
    }
    out->deadline_ms = deadline_ms;
    out->token = 0;
    out->seen = 0;
    out->record = pb->shard * PN_LEASE_PER_SHARD + (i == NONE ? 0 : i);
    if (i != NONE && st->owner != 0) {
        grant(st, pb, i, deadline_ms, out);
    }
    return PN_OK;
}

int
pn_store_lease(struct pn_store *st, uint64_t now_ms, const void *key, size_t klen,
               uint64_t ttl_ms, struct pn_lease *out)
{
    if (klen == 0 || klen > PN_KEY_MAX) {
        return PN_E_KEY_SIZE;
    }
    if (PN_UNLIKELY(pn_live_is_forked(&st->live))) {
        pn_region_after_fork(st);
    }
    struct pn_probe pb;
    pn_probe_init(st, key, klen, &pb);
    now_ms = pn_time(st, now_ms);
    out->hash = pb.hash;
    uint64_t dead = 0;
    for (;;) {
        uint32_t owner = 0;
        int rc = pn_lock(st, pb.shard, st->write_wait_ms);
        if (rc != PN_OK) {
            return rc;
        }
        rc = ask(st, &pb, now_ms, ttl_ms, dead, out, &owner);
        pn_unlock(st, pb.shard);
        if (rc != PN_HELD || dead != 0 || pn_owner_is_alive(st, owner)) {
            return rc;
        }
        dead = out->token; /* once more, with this knowledge */
    }
}

int
pn_store_lease_wait(struct pn_store *st, const struct pn_lease *lease,
                    uint32_t timeout_ms)
{
    struct pn_lease_rec *rec = record(st, lease);
    if (rec == NULL || lease->token == 0) {
        return PN_OK;
    }
    if (atomic_load_explicit(&rec->word, memory_order_acquire) != lease->seen) {
        return PN_OK;
    }
    struct timespec wait = {.tv_sec = timeout_ms / 1000,
                            .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    syscall(SYS_futex, &rec->word, FUTEX_WAIT, lease->seen, &wait, NULL, 0);
    return atomic_load_explicit(&rec->word, memory_order_acquire) != lease->seen
               ? PN_OK
               : PN_TIMEOUT;
}

/* ---- The holder ------------------------------------------------------------ */

/* The record of a lease that is ours, its shard locked; *RC says PN_OK. NULL with
 * another answer and no lock: no longer ours, busy, or granted without a record
 * (PN_OK: there is nothing to do). */
static struct pn_lease_rec *
hold(struct pn_store *st, const struct pn_lease *lease, int *rc)
{
    struct pn_lease_rec *rec = record(st, lease);
    if (rec == NULL || lease->token == 0) {
        *rc = lease->token == 0 ? PN_OK : PN_FENCED;
        return NULL;
    }
    uint32_t shard = lease->record / PN_LEASE_PER_SHARD;
    *rc = pn_lock(st, shard, st->write_wait_ms);
    if (*rc == PN_OK && rec->token != lease->token) {
        pn_unlock(st, shard);
        *rc = PN_FENCED;
    }
    return *rc == PN_OK ? rec : NULL;
}

int
pn_store_lease_renew(struct pn_store *st, uint64_t now_ms, struct pn_lease *lease,
                     uint64_t ttl_ms)
{
    int rc;
    struct pn_lease_rec *rec = hold(st, lease, &rc);
    if (rec != NULL) {
        rec->deadline_ms = pn_time(st, now_ms) + ttl_ms;
        lease->deadline_ms = rec->deadline_ms;
        pn_unlock(st, lease->record / PN_LEASE_PER_SHARD);
    }
    return rc;
}

int
pn_store_lease_end(struct pn_store *st, const struct pn_lease *lease)
{
    int rc;
    struct pn_lease_rec *rec = hold(st, lease, &rc);
    if (rec != NULL) {
        uint32_t shard = lease->record / PN_LEASE_PER_SHARD;
        release(st, shard, rec);
        pn_unlock(st, shard);
        wake_all(&rec->word);
    }
    return rc;
}
