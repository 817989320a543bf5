/*
 * recover - what a dead writer left, put right
 *
 * Runs in whoever gets the lock that its owner died with; readers go on meanwhile.
 * Everything a write does before its one slot store is invisible, everything after
 * it is counters, so there is little to finish: versions are incremented (a
 * replace may have stored its slot and died), counters are counted again, a drain
 * is begun again from its start, borrowed segments nobody names are given back.
 * If the index itself is wrong the shard is emptied; it is never rebuilt from the
 * log, which still holds what was replaced and deleted.
 *
 * Every step can be repeated, so the recoverer may die too. The third recovery in
 * a row that does not end empties the shard.
 */
#ifndef PN_STORE_RECOVER_H
#define PN_STORE_RECOVER_H

#include "store/handle.h"

/* Under the shard's lock. Counted as a recovery, and as a wipe if it came to it. */
void
pn_recover_shard(struct pn_store *st, uint32_t shard);

/* By an attacher that is alone: makes the locks new, gives back what the dead
 * held, and verifies every shard. Counts only what had to be repaired. */
void
pn_recover_region(struct pn_store *st);

/* Under the shard's lock: clears every slot that points into segment ID, by
 * looking at the whole index. For a segment whose counts do not add up. */
void
pn_purge_segment(struct pn_store *st, uint32_t shard, uint32_t id);

#endif
