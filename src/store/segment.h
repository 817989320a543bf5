/*
 * segment - the log: opening, appending, sealing, freeing
 *
 * A shard's segments form two pools (small and main, see evict.h). Each pool has
 * one open segment a TTL class, so that items which expire together lie together
 * and are reclaimed a segment at a time. "Oldest" is the lowest `seq`.
 *
 * Threads: all of it wants the shard's lock.
 */
#ifndef PN_STORE_SEGMENT_H
#define PN_STORE_SEGMENT_H

#include "store/handle.h"

static inline uint32_t
pn_shard_first_seg(const struct pn_store *st, uint32_t shard)
{
    return shard * st->geo.seg_per_shard;
}

static inline uint32_t
pn_seg_state(const struct pn_seg *seg)
{
    return atomic_load_explicit(&seg->state, memory_order_relaxed);
}

/* Which class an expiry falls into: none, then 10 s x 8 a step. */
uint8_t
pn_ttl_class(const struct pn_store *st, uint64_t exp_ms, uint64_t now_ms);

struct pn_append {
    uint32_t shard;
    unsigned pool;
    uint64_t exp_ms;
    struct pn_when when;
    const struct pn_draft *draft;
    uint32_t size; /* of the draft */
};

/* Appends the draft to an open segment of its pool and class, opening one if
 * need be; counts it live. False when the shard has no room at all. */
bool
pn_seg_append(struct pn_store *st, const struct pn_append *app, uint64_t *off);

/* An item of SIZE bytes in SEG is no longer live. */
static inline void
pn_seg_forget(struct pn_seg *seg, uint32_t size)
{
    seg->live_items -= seg->live_items > 0;
    seg->live_bytes -= seg->live_bytes < size ? seg->live_bytes : size;
}

/* No slot points into SEG any more: recycle it. */
void
pn_seg_free(struct pn_store *st, uint32_t shard, uint32_t seg);

/* Takes back what large values have returned. */
void
pn_seg_adopt_released(struct pn_store *st, uint32_t shard);

/* A free segment, no longer counted as such; UINT32_MAX when there is none. */
uint32_t
pn_seg_take_free(struct pn_store *st, uint32_t shard);

/* Closes an open segment for appends. */
void
pn_seg_seal(struct pn_store *st, uint32_t shard, uint32_t seg);

#endif
