/*
 * handle - what a process knows about a region it has open
 *
 * Plain accessors from indices to addresses; every index they take was computed
 * here or checked by the caller against the geometry, which is this process's
 * own copy.
 */
#ifndef PN_STORE_HANDLE_H
#define PN_STORE_HANDLE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "pinyon/store.h"
#include "store/geometry.h"
#include "store/item.h"
#include "store/layout.h"
#include "store/live.h"

struct pn_store {
    char *base; /* the mapping */
    struct pn_proc *self;
    struct pn_geometry geo;
    struct pn_hash_key hash;
    uint64_t epoch_mono_ns, epoch_unix_ms;
    struct pn_live live;
    uint32_t owner; /* this process, as others see it: pn_live_owner() */
    uint32_t flags; /* enum pn_store_flags of the region and the opener */
    uint32_t write_wait_ms;
    int mutex_kind; /* of a sound shard lock; see lock.c */
    bool is_shared;
    struct pn_proc spare; /* counters of a process that found no slot */
};

/* A key on its way to its place. */
struct pn_probe {
    const void *key;
    size_t klen;
    uint64_t hash;
    uint32_t shard, bucket;
    uint16_t tag;
};

static inline struct pn_super *
pn_super_of(const struct pn_store *st)
{
    return (struct pn_super *)(void *)st->base;
}

static inline struct pn_proc *
pn_proc_at(const struct pn_store *st, int slot)
{
    return (struct pn_proc *)(void *)(st->base + st->geo.off_proc) + slot;
}

static inline struct pn_shard *
pn_shard_at(const struct pn_store *st, uint32_t s)
{
    return (struct pn_shard *)(void *)(st->base + st->geo.off_shard) + s;
}

static inline struct pn_lease_rec *
pn_leases_at(const struct pn_store *st, uint32_t s)
{
    return (struct pn_lease_rec *)(void *)(st->base + st->geo.off_lease) +
           (size_t)s * PN_LEASE_PER_SHARD;
}

static inline struct pn_seg *
pn_seg_at(const struct pn_store *st, uint32_t seg)
{
    return (struct pn_seg *)(void *)(st->base + st->geo.off_seg_hdr) + seg;
}

static inline uint64_t
pn_seg_off(const struct pn_store *st, uint32_t seg)
{
    return st->geo.off_seg + (uint64_t)seg * st->geo.seg_size;
}

static inline _Atomic uint32_t *
pn_cell_at(const struct pn_store *st, uint32_t cell)
{
    return (_Atomic uint32_t *)(void *)(st->base + st->geo.off_cell) +
           (cell & (st->geo.ncell - 1));
}

static inline char *
pn_index_at(const struct pn_store *st, uint32_t shard)
{
    return st->base + st->geo.off_index + (uint64_t)shard * st->geo.index_stride;
}

static inline struct pn_bucket *
pn_bucket_at(const struct pn_store *st, uint32_t shard, uint32_t bucket)
{
    return (struct pn_bucket *)(void *)pn_index_at(st, shard) + bucket;
}

static inline struct pn_overflow *
pn_overflow_at(const struct pn_store *st, uint32_t shard, uint32_t ovf)
{
    return (struct pn_overflow *)(void *)(pn_index_at(st, shard) + st->geo.off_ovf) +
           ovf;
}

static inline struct pn_ghosts *
pn_ghosts_at(const struct pn_store *st, uint32_t shard, uint32_t bucket)
{
    return (struct pn_ghosts *)(void *)(pn_index_at(st, shard) + st->geo.off_ghost) +
           bucket;
}

/* The segment that holds byte OFF of the region; false when none does. */
static inline bool
pn_seg_of(const struct pn_store *st, uint64_t off, uint32_t *seg)
{
    if (off < st->geo.off_seg) {
        return false;
    }
    uint64_t n = (off - st->geo.off_seg) / st->geo.seg_size;
    *seg = (uint32_t)n;
    return n < st->geo.nseg;
}

/* Bits 0-15 tag, 16-47 bucket, 48-63 shard: the three never overlap. */
static inline void
pn_probe_hash(const struct pn_store *st, uint64_t hash, struct pn_probe *pb)
{
    pb->hash = hash;
    pb->tag = (uint16_t)hash;
    pb->bucket = (uint32_t)(((hash >> 16 & UINT32_MAX) * st->geo.nbucket) >> 32);
    pb->shard = (uint32_t)(hash >> 48) & (st->geo.nshard - 1);
}

static inline void
pn_probe_init(const struct pn_store *st, const void *key, size_t klen,
              struct pn_probe *pb)
{
    pb->key = key;
    pb->klen = klen;
    pn_probe_hash(st, pn_hash(&st->hash, key, klen), pb);
}

/* The moment of a write: its time, and the clear generation. Both are taken once,
 * under the lock and before an item is judged: one that was alive at that moment
 * is stored under it, so that a clear() in between still has the last word. */
struct pn_when {
    uint64_t now_ms;
    uint32_t clear_gen;
};

static inline struct pn_when
pn_when(const struct pn_store *st, uint64_t now_ms)
{
    return (struct pn_when){.now_ms = now_ms,
                            .clear_gen = atomic_load_explicit(
                                &pn_super_of(st)->clear_gen, memory_order_acquire)};
}

/* Reads the store's clock when NOW is PN_NOW. */
static inline uint64_t
pn_time(const struct pn_store *st, uint64_t now_ms)
{
    return now_ms == PN_NOW ? pn_store_now(st) : now_ms;
}

/* A counter that one process writes. Threads of that process may lose a count to
 * each other; the price of never losing one is a locked instruction a read. */
static inline void
pn_count(_Atomic uint64_t *counter)
{
    atomic_store_explicit(counter,
                          atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

#endif
