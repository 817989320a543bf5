/* The public face: arguments are judged, the clock is read, forks are noticed, and
 * the work is handed down. */
#include "pinyon/store.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "store/evict.h"
#include "store/expire.h"
#include "store/index.h"
#include "store/lock.h"
#include "store/read.h"
#include "store/region.h"
#include "store/shmfile.h"
#include "store/write.h"

#define WRITE_WAIT_MS 50u

/* ---- Opening --------------------------------------------------------------- */

enum {
    KNOWN_FLAGS = PN_STORE_EXISTING | PN_STORE_STABLE_CAS | PN_STORE_NO_PREFAULT,
};

static struct pn_store *
handle_new(const struct pn_store_opts *opts)
{
    struct pn_store *st = pn_alloc(sizeof *st);
    if (st != NULL) {
        st->live.fd = st->live.slot = -1;
        st->flags = opts->flags;
        st->write_wait_ms = opts->write_wait_ms != 0 ? opts->write_wait_ms
                                                     : WRITE_WAIT_MS;
    }
    return st;
}

static const struct pn_store_opts defaults;

/* NAME is NULL for a private store. */
static int
open_store(const char *name, const struct pn_store_opts *opts, struct pn_store **out,
           struct pn_why *why)
{
    opts = opts != NULL ? opts : &defaults;
    if ((opts->flags & ~(uint32_t)KNOWN_FLAGS) != 0) {
        return pn_why(why, PN_E_INVALID, "unknown flags %#x (known: %#x)", opts->flags,
                      (unsigned)KNOWN_FLAGS);
    }
    struct pn_store *st = handle_new(opts);
    if (st == NULL) {
        return pn_why(why, PN_E_NOMEM, "no memory for a store's handle");
    }
    int rc = name == NULL ? pn_region_private(st, opts, why)
                          : pn_region_shared(st, name, opts, why);
    if (rc != PN_OK) {
        pn_region_release(st);
        pn_free(st);
        return rc;
    }
    *out = st;
    return PN_OK;
}

int
pn_store_open_private(const struct pn_store_opts *opts, struct pn_store **out,
                      struct pn_why *why)
{
    return open_store(NULL, opts, out, why);
}

int
pn_store_open_shared(const char *name, const struct pn_store_opts *opts,
                     struct pn_store **out, struct pn_why *why)
{
    if (name == NULL) {
        return pn_why(why, PN_E_NAME, "a shared region needs a name");
    }
    return open_store(name, opts, out, why);
}

int
pn_store_unlink(const char *name, const char *dir, struct pn_why *why)
{
    return pn_shm_unlink(name, dir, why);
}

void
pn_store_close(struct pn_store *st)
{
    if (st != NULL) {
        pn_region_release(st);
        pn_free(st);
    }
}

int
pn_store_after_fork(struct pn_store *st)
{
    return pn_region_after_fork(st);
}

uint64_t
pn_store_now(const struct pn_store *st)
{
    return (pn_clock_mono_ns() - st->epoch_mono_ns) / 1000000;
}

uint64_t
pn_store_unix_ms(const struct pn_store *st, uint64_t now_ms)
{
    return st->epoch_unix_ms + pn_time(st, now_ms);
}

uint64_t
pn_store_value_max(const struct pn_store *st)
{
    return st->geo.large_max;
}

/* ---- Reading --------------------------------------------------------------- */

static inline bool
is_key(const void *key, size_t klen)
{
    return key != NULL && klen - 1 < PN_KEY_MAX;
}

/* Exact to the millisecond, but the exact clock (23 ns) is read only for items that
 * are within a second of their end; for the others the coarse one (3 ns) will do. A
 * time that was read exactly, or given, is left in *NOW_MS for the next item. */
static inline bool
is_expired(const struct pn_store *st, uint64_t *now_ms, struct pn_item *item)
{
    enum { MARGIN_MS = 1000 };
    item->now_ms = *now_ms;
    if (item->exp_ms == PN_NO_TTL) {
        item->now_ms = PN_NOW;
        return false;
    }
    if (*now_ms == PN_NOW) {
        uint64_t coarse_ns = pn_clock_coarse_ns();
        item->now_ms = coarse_ns > st->epoch_mono_ns
                           ? (coarse_ns - st->epoch_mono_ns) / 1000000
                           : 0;
        if (PN_LIKELY(item->exp_ms > item->now_ms + MARGIN_MS)) {
            return false;
        }
        item->now_ms = *now_ms = pn_store_now(st);
    }
    return item->exp_ms <= item->now_ms;
}

/* Judges expiry, marks and counts. */
static inline int
conclude(struct pn_store *st, uint64_t *now_ms, int rc, const struct pn_hit *hit)
{
    if (rc == PN_OK || rc == PN_SMALL) {
        rc = is_expired(st, now_ms, hit->item) ? PN_MISS : rc;
    }
    if (PN_LIKELY(rc == PN_OK)) {
        pn_read_mark(hit);
        pn_count(&st->self->hits);
    } else if (rc != PN_SMALL) {
        pn_count(&st->self->misses);
    }
    return rc;
}

int
pn_store_get(struct pn_store *st, uint64_t now_ms, const void *key, size_t klen,
             void *buf, size_t cap, struct pn_item *item)
{
    if (PN_UNLIKELY(!is_key(key, klen))) {
        return PN_E_KEY_SIZE;
    }
    struct pn_probe pb;
    struct pn_hit hit = {.item = item};
    pn_probe_init(st, key, klen, &pb);
    int rc = pn_read(st, &pb, buf, cap, &hit);
    return conclude(st, &now_ms, rc, &hit);
}

/* Sixteen keys in flight hide most of a cache miss; more do not help here. */
enum { GROUP = 16 };

static size_t
get_group(struct pn_store *st, uint64_t *now_ms, struct pn_get *get, size_t n)
{
    struct pn_probe pb[GROUP];
    size_t hits = 0;
    for (size_t i = 0; i < n; i++) {
        if (PN_LIKELY(is_key(get[i].key, get[i].klen))) {
            pn_probe_init(st, get[i].key, get[i].klen, &pb[i]);
            pn_read_fetch_bucket(st, &pb[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (PN_LIKELY(is_key(get[i].key, get[i].klen))) {
            pn_read_fetch_item(st, &pb[i]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        struct pn_hit hit = {.item = &get[i].item};
        if (PN_UNLIKELY(!is_key(get[i].key, get[i].klen))) {
            get[i].rc = PN_E_KEY_SIZE;
            continue;
        }
        int rc = pn_read(st, &pb[i], get[i].buf, get[i].cap, &hit);
        get[i].rc = conclude(st, now_ms, rc, &hit);
        hits += get[i].rc == PN_OK;
    }
    return hits;
}

size_t
pn_store_get_many(struct pn_store *st, uint64_t now_ms, struct pn_get *get, size_t n)
{
    size_t hits = 0;
    for (size_t i = 0; i < n; i += GROUP) {
        hits += get_group(st, &now_ms, get + i, n - i < GROUP ? n - i : GROUP);
    }
    return hits;
}

int
pn_store_peek(struct pn_store *st, uint64_t now_ms, const void *key, size_t klen,
              struct pn_item *item)
{
    if (!is_key(key, klen)) {
        return PN_E_KEY_SIZE;
    }
    struct pn_probe pb;
    struct pn_hit hit = {.item = item};
    pn_probe_init(st, key, klen, &pb);
    int rc = pn_read(st, &pb, NULL, 0, &hit);
    if (rc != PN_OK && rc != PN_SMALL) {
        return rc;
    }
    return is_expired(st, &now_ms, item) ? PN_MISS : PN_OK;
}

/* ---- Writing --------------------------------------------------------------- */

/* What every write does first. */
static int
begin_write(struct pn_store *st, uint64_t *now_ms, const void *key, size_t klen,
            struct pn_probe *pb)
{
    if (PN_UNLIKELY(!is_key(key, klen))) {
        return PN_E_KEY_SIZE;
    }
    if (PN_UNLIKELY(pn_live_is_forked(&st->live))) {
        int rc = pn_region_after_fork(st);
        if (rc != PN_OK) {
            return rc;
        }
    }
    pn_probe_init(st, key, klen, pb);
    pn_index_fetch(st, pb);
    *now_ms = pn_time(st, *now_ms);
    return PN_OK;
}

/* And last: a slice of reclaiming, if one is due. */
static inline int
end_write(struct pn_store *st, uint64_t now_ms, int rc)
{
    pn_expire_if_due(st, now_ms);
    return rc;
}

static int
check_put(const struct pn_store *st, const struct pn_put *put)
{
    if (put->ntags > PN_TAGS_MAX) {
        return PN_E_TAGS;
    }
    if ((put->val == NULL && put->vlen != 0) || put->mode > PN_PUT_CAS ||
        (put->tags == NULL && put->ntags != 0) ||
        ((put->bits & PN_ITEM_INT) != 0 && put->vlen != sizeof(int64_t))) {
        return PN_E_INVALID;
    }
    return put->vlen > PN_VALUE_MAX || put->vlen > st->geo.large_max ? PN_E_VALUE_SIZE
                                                                     : PN_OK;
}

/* Not inlined: its descriptor is 16 KiB of stack that other puts do without. */
static PN_NOINLINE int
put_large(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
          const struct pn_put *put, uint64_t *cas_out)
{
    struct pn_large large;
    int rc = pn_large_write(st, put->val, put->vlen, now_ms, &large);
    if (rc != PN_OK) {
        return rc;
    }
    rc = pn_write_put(st, pb, now_ms, put, &large, cas_out);
    if (rc != PN_OK || put->ttl_ms == 0) {
        pn_large_abandon(st, &large);
    }
    return rc;
}

int
pn_store_put(struct pn_store *st, uint64_t now_ms, const struct pn_put *put,
             uint64_t *cas_out)
{
    struct pn_probe pb;
    int rc = begin_write(st, &now_ms, put->key, put->klen, &pb);
    rc = rc != PN_OK ? rc : check_put(st, put);
    if (rc != PN_OK) {
        return rc;
    }
    if (PN_LIKELY(pn_write_inline_size(st, put) <= st->geo.inline_max)) {
        rc = pn_write_put(st, &pb, now_ms, put, NULL, cas_out);
    } else {
        rc = put_large(st, &pb, now_ms, put, cas_out);
    }
    return end_write(st, now_ms, rc);
}

size_t
pn_store_put_many(struct pn_store *st, uint64_t now_ms, const struct pn_put *put,
                  int *rc, size_t n)
{
    size_t stored = 0;
    now_ms = pn_time(st, now_ms);
    for (size_t i = 0; i < n; i++) {
        rc[i] = pn_store_put(st, now_ms, &put[i], NULL);
        stored += rc[i] == PN_OK;
    }
    return stored;
}

int
pn_store_delete(struct pn_store *st, uint64_t now_ms, const void *key, size_t klen)
{
    struct pn_probe pb;
    int rc = begin_write(st, &now_ms, key, klen, &pb);
    return rc != PN_OK ? rc : end_write(st, now_ms, pn_write_delete(st, &pb, now_ms));
}

int
pn_store_touch(struct pn_store *st, uint64_t now_ms, const void *key, size_t klen,
               uint64_t ttl_ms)
{
    struct pn_probe pb;
    int rc = begin_write(st, &now_ms, key, klen, &pb);
    return rc != PN_OK ? rc
                       : end_write(st, now_ms, pn_write_touch(st, &pb, now_ms, ttl_ms));
}

int
pn_store_incr(struct pn_store *st, uint64_t now_ms, const struct pn_incr *incr,
              int64_t *value)
{
    struct pn_probe pb;
    int rc = begin_write(st, &now_ms, incr->key, incr->klen, &pb);
    return rc != PN_OK
               ? rc
               : end_write(st, now_ms, pn_write_incr(st, &pb, now_ms, incr, value));
}

/* ---- Care ------------------------------------------------------------------ */

size_t
pn_store_maintain(struct pn_store *st, uint64_t now_ms, size_t budget)
{
    size_t dropped = 0;
    now_ms = pn_time(st, now_ms);
    for (uint32_t s = 0; s < st->geo.nshard && budget > 0; s++) {
        if (pn_lock(st, s, 0) == PN_OK) {
            dropped += pn_expire_shard(st, s, now_ms, &budget);
            pn_unlock(st, s);
        }
    }
    return dropped;
}
