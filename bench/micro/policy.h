/*
 * policy - eviction policies over ids, object by object: the yardstick
 *
 * These are models, not the store: unit-size objects, no expiry, the exact textbook
 * decisions. They answer "what would this policy have hit?", to which the real store's
 * replay is compared. The store shares no code with them.
 *
 * All four keep their queues as doubly linked lists of dense ids (idlist.h), so an
 * access costs O(1), amortised for S3-FIFO and SIEVE whose sweeps each pay back a hit.
 *
 * Ownership: policy_free() releases what policy_new() returned.
 */
#ifndef BENCH_POLICY_H
#define BENCH_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "ctr.h"

struct policy; /* opaque; each kind has its own */

struct policy_kind {
    const char *name;
    /* A cache of CAPACITY >= 2 objects over ids 0 .. distinct-1, empty. NULL: no
     * memory. */
    struct policy *(*open)(uint32_t distinct, uint32_t capacity);
    /* Reads ID, inserting it on a miss. Returns whether it was a hit. */
    bool (*access)(struct policy *policy, uint32_t id);
    void (*close)(struct policy *policy);
};

extern const struct policy_kind policy_fifo;
extern const struct policy_kind policy_lru;
extern const struct policy_kind policy_sieve;
extern const struct policy_kind policy_s3fifo;

/* Objects of a cell: PERMILLE of the distinct keys, rounded to nearest, at least 2. */
uint32_t
policy_capacity(const struct trace *trace, uint32_t permille);

/* Replays TRACE from a cold start. Returns 0 and the number of hits, or -1: no memory.
 */
int
policy_replay(const struct policy_kind *kind, const struct trace *trace,
              uint32_t capacity, uint64_t *hits);

#endif
