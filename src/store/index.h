/*
 * index - from a key to the slot that says where its item is
 *
 * Per shard, an array of home buckets (15 slots of 8 bytes and a version, two
 * cache lines) and a small array of overflow buckets (7 slots) chained behind
 * them. One choice of bucket and a load of 0.77: about 2.5 % of the items stand
 * in an overflow bucket. Two-choice hashing would cost every lookup a second
 * line and evict on conflicts (docs/design/0002).
 *
 * The rules that make lock-free reading right:
 *   - One key has one slot; an item is published, replaced or removed by one
 *     8-byte store, followed by one increment of the home bucket's version. The
 *     version covers the whole chain.
 *   - An item moves between slots (from an overflow bucket to a vacated slot before
 *     it) in four steps: store the new one, increment, clear the old one, increment.
 *     So between two increments at most one slot of any one key changes, and a
 *     reader that saw neither has seen the version change. Without the increment in
 *     the middle lookups would miss keys that are there.
 *   - The bytes of an item may be overwritten only after its slot was changed,
 *     the version incremented, and a release fence passed. That last step is
 *     pn_seg_free()'s.
 *   - An overflow bucket is taken out of its chain, the version incremented and
 *     a fence passed, before it is used again.
 *
 * Threads: everything here wants the shard's lock, except what says otherwise.
 */
#ifndef PN_STORE_INDEX_H
#define PN_STORE_INDEX_H

#include "store/handle.h"

/* Slots that stand side by side: a home bucket's, then an overflow bucket's. */
struct pn_run {
    _Atomic uint64_t *slot;
    unsigned n;
    uint32_t ovf; /* this overflow bucket + 1; 0: the home bucket */
    unsigned hops;
    _Atomic uint16_t *next;
};

/* Lock-free. */
static inline struct pn_run
pn_run_first(const struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_bucket *b = pn_bucket_at(st, pb->shard, pb->bucket);
    return (struct pn_run){.slot = b->slot, .n = PN_BUCKET_SLOTS, .next = &b->next};
}

/* The next run of the chain; false at its end, or where it is damaged. Lock-free. */
static inline bool
pn_run_next(const struct pn_store *st, const struct pn_probe *pb, struct pn_run *run)
{
    uint32_t next = atomic_load_explicit(run->next, memory_order_acquire);
    if (PN_LIKELY(next == 0) || next > st->geo.novf || run->hops >= PN_CHAIN_MAX) {
        return false;
    }
    struct pn_overflow *o = pn_overflow_at(st, pb->shard, next - 1);
    *run = (struct pn_run){.slot = o->slot,
                           .n = PN_OVERFLOW_SLOTS,
                           .ovf = next,
                           .hops = run->hops + 1,
                           .next = &o->next};
    return true;
}

/* Starts fetching what a write will look at: the bucket and its ghosts. */
static inline void
pn_index_fetch(const struct pn_store *st, const struct pn_probe *pb)
{
    const char *bucket = (const char *)pn_bucket_at(st, pb->shard, pb->bucket);
    PN_PREFETCH(bucket);
    PN_PREFETCH(bucket + 64);
    PN_PREFETCH(pn_ghosts_at(st, pb->shard, pb->bucket));
}

/* Where a word points, checked: the item taken apart and its segment. False when
 * the word or the item cannot be right. Lock-free, if validated afterwards. */
bool
pn_index_view(const struct pn_store *st, uint64_t word, struct pn_view *view,
              uint32_t *seg);

/* The token of one version of an item: where it lies and how often that place was
 * recycled, unless the region keeps tokens in the items. A relocation changes it,
 * which costs the caller a retry. */
static inline uint64_t
pn_item_token(const struct pn_store *st, const struct pn_view *v, uint64_t off,
              uint32_t seg)
{
    if ((v->flags & PN_HAS_CAS) != 0) {
        return v->cas;
    }
    uint64_t gen = atomic_load_explicit(&pn_seg_at(st, seg)->gen, memory_order_relaxed);
    return gen << 40 | off >> 2;
}

struct pn_found {
    _Atomic uint64_t *slot;
    uint64_t word;
    uint32_t seg;
    struct pn_view view;
};

/* The slot of the key, whatever the state of its item. */
bool
pn_index_find(const struct pn_store *st, const struct pn_probe *pb,
              struct pn_found *found);

/* The slot in the chain of PB that points at OFF; NULL when none does. */
_Atomic uint64_t *
pn_index_find_off(const struct pn_store *st, const struct pn_probe *pb, uint64_t off);

/* An empty slot for the key, linking an overflow bucket if need be; NULL when
 * the chain is at its limit or no overflow bucket is left. */
_Atomic uint64_t *
pn_index_vacant(struct pn_store *st, const struct pn_probe *pb);

/* The used slot of the chain with the lowest frequency. */
_Atomic uint64_t *
pn_index_coldest(const struct pn_store *st, const struct pn_probe *pb);

/* Makes WORD visible in SLOT (0 removes), and increments the version. */
void
pn_index_publish(struct pn_store *st, const struct pn_probe *pb, _Atomic uint64_t *slot,
                 uint64_t word);

/* SLOT was vacated: fills it from the end of the chain and gives empty overflow
 * buckets back, so that they hold only what the buckets before them cannot. */
void
pn_index_settle(struct pn_store *st, const struct pn_probe *pb, _Atomic uint64_t *slot);

/* After a death: of two slots with one item keeps the first. The versions are still
 * to be incremented. */
void
pn_index_undo_moves(struct pn_store *st, const struct pn_probe *pb);

/* Remembers, or recognises and forgets, a key that was evicted from the small
 * pool: the 16-bit tag, the newest twelve of each home bucket. */
void
pn_ghost_put(struct pn_store *st, const struct pn_probe *pb);
bool
pn_ghost_take(struct pn_store *st, const struct pn_probe *pb);

#endif
