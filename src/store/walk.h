/*
 * walk - through the items of one segment, in the order they were written
 *
 * Used by drains and sweeps. The position is the segment's walk_off, so that a
 * walk goes on where the last slice ended, whichever process did it.
 *
 * Threads: wants the shard's lock.
 */
#ifndef PN_STORE_WALK_H
#define PN_STORE_WALK_H

#include "store/index.h"

#define PN_WALK_GROUP 16u /* items whose buckets are fetched together */

struct pn_met { /* an item met on the way, live or not */
    struct pn_probe pb;
    uint64_t off;
    struct pn_view view;
};

/* The next items of segment ID, up to N and PN_WALK_GROUP; their buckets are on
 * the way into the cache. 0 at the end. *IS_BROKEN when an item's lengths cannot
 * be right, which ends the walk. */
unsigned
pn_walk(struct pn_store *st, uint32_t id, struct pn_met *met, unsigned n,
        bool *is_broken);

/* The slot that points at what was met; false when it is not live. */
bool
pn_met_find(struct pn_store *st, const struct pn_met *met, uint32_t id,
            struct pn_found *found);

#endif
