/*
 * expire - giving back the memory of items that are gone, before anybody asks
 *
 * Reads check the exact millisecond; this is about memory. A segment knows the
 * second at which the first of its items may expire; when that has passed, a
 * sweep walks it, drops what is dead and notes the next such second. So only
 * segments in which something has expired are walked, about 15 ns an item, and a
 * wholly expired segment (they are kept apart by TTL class) is freed at once.
 *
 * There is no thread: each write does a slice when one is due, round the shards.
 */
#ifndef PN_STORE_EXPIRE_H
#define PN_STORE_EXPIRE_H

#include "store/handle.h"

/* Under the shard's lock: looks at up to *BUDGET items and takes them off it;
 * returns how many it dropped. */
size_t
pn_expire_shard(struct pn_store *st, uint32_t shard, uint64_t now_ms, size_t *budget);

/* Without a lock: does the slice of one shard if it is due, for whoever comes
 * first. */
void
pn_expire_if_due(struct pn_store *st, uint64_t now_ms);

#endif
