/*
 * evict - S3-FIFO at the grain of segments
 *
 * New items go to the small pool (a tenth of the shard), whose oldest segment is
 * drained first: an item that was read at least twice meanwhile is copied to the
 * main pool, the others are dropped and remembered as ghosts. A key that comes
 * back while its ghost is remembered goes to main at once. Main is a clock: an
 * item with hits left is copied to its tail with one less. Until its first
 * eviction a shard fills main as soon as small has its share, so that an empty
 * cache does not throw away what it has room for.
 *
 * (S3-FIFO: Yang et al., SOSP'23. A copy costs one cache miss on the index; on
 * the traces we have there are 0.01 to 1.0 of them per insert.)
 *
 * A drain is incremental: each write does a few items of it, so that no write
 * pays for a whole segment. Segments with more dead bytes than live ones are
 * drained first, in place of their pool's oldest: that is the compaction.
 *
 * Threads: all of it wants the shard's lock.
 */
#ifndef PN_STORE_EVICT_H
#define PN_STORE_EVICT_H

#include "store/index.h"
#include "store/segment.h"

/* Whether an item is gone though its slot is there: expired, cleared, or of an
 * invalidated tag. */
bool
pn_item_is_dead(const struct pn_store *st, const struct pn_view *view, uint32_t seg,
                const struct pn_when *when);

/* The pool in which a new key begins. Consumes its ghost. */
unsigned
pn_evict_pool_for(struct pn_store *st, const struct pn_probe *pb);

/* Removes an item that the index holds: its slot, its parts if it is large, and
 * all counts. */
void
pn_item_drop(struct pn_store *st, const struct pn_probe *pb,
             const struct pn_found *found);

/* Looks at up to BUDGET items of the segment being drained, choosing one if none
 * is. False when there is nothing to drain. */
bool
pn_evict_step(struct pn_store *st, uint32_t shard, uint64_t now_ms, unsigned budget);

/* Before a write appends: does a share of the eviction that is due, and all of
 * it when no segment is free. Bounded by one pass over the shard. */
void
pn_evict_make_room(struct pn_store *st, uint32_t shard, uint64_t now_ms);

#endif
