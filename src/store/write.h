/*
 * write - changing one key, under its shard's lock
 *
 *   1 make room          evicts a little; afterwards nothing moves under us
 *   2 find the key       and judge the condition
 *   3 append the item    invisible bytes at the end of an open segment
 *   4 store the slot     the one instant at which everybody sees it
 *   5 bump the version   readers that copied the old bytes look again
 *   6 count
 *
 * A death before 4 leaves dead bytes, a death after it wrong counters.
 */
#ifndef PN_STORE_WRITE_H
#define PN_STORE_WRITE_H

#include "store/handle.h"
#include "store/large.h"

/* PUT without a lock held; LARGE is the descriptor when the value was written to
 * borrowed segments, else NULL. The caller gives the parts back when the answer is
 * not PN_OK. */
int
pn_write_put(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
             const struct pn_put *put, const struct pn_large *large, uint64_t *cas_out);

int
pn_write_delete(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms);

int
pn_write_touch(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
               uint64_t ttl_ms);

int
pn_write_incr(struct pn_store *st, const struct pn_probe *pb, uint64_t now_ms,
              const struct pn_incr *incr, int64_t *value);

/* Bytes the item of PUT takes in a segment if it is stored inline. */
uint64_t
pn_write_inline_size(const struct pn_store *st, const struct pn_put *put);

#endif
