/*
 * load - what the policy engine (python/pinyon/load.py) is built from
 *
 * The engine decides on misses, refreshes and waits, which cost microseconds anyway;
 * the decision "this hit is good" is here, because every hit makes it.
 */
#ifndef PINYON_EXT_LOAD_H
#define PINYON_EXT_LOAD_H

#include "cache.h"

/* Numbers of the module's FOUND_* constants. */
enum found {
    FOUND_MISS = 0,
    FOUND_FRESH = 1,
    FOUND_NEGATIVE = 2, /* fresh too: a remembered absence */
    FOUND_EARLY = 3,    /* fresh, and this caller is drawn to refresh it (XFetch) */
    FOUND_STALE = 4,    /* beyond its soft expiry, within the grace */
};

/* Early refresh: with a load that took d, a caller refreshes when
 * now + d * beta * -ln(U) reaches the soft expiry; U is drawn for each call. */
struct early {
    double beta;   /* 0: never */
    double cap_ms; /* so early at most */
};

/* How an item may be used that has a grace or a load time. */
enum found
load_classify_timed(struct cache_object *self, const struct pn_store *store,
                    const struct reading *reading, const struct early *early);

/* How the item just read may be used. */
static inline enum found
load_classify(struct cache_object *self, const struct pn_store *store,
              const struct reading *reading, const struct early *early)
{
    const struct pn_item *item = &reading->item;
    bool may_be_early = early->beta > 0.0 && (item->bits & CODEC_BIT_META) != 0;
    if (item->exp_ms == PN_NO_TTL || (item_grace_ms(item) == 0 && !may_be_early)) {
        return item->cflags & ITEM_NEGATIVE ? FOUND_NEGATIVE : FOUND_FRESH;
    }
    return load_classify_timed(self, store, reading, early);
}

/* Is this caller drawn to refresh a value whose load took what META says? */
bool
load_is_early(struct cache_object *self, const struct codec_meta *meta,
              const struct early *early, uint64_t now, uint64_t soft_ms);

struct lease_object {
    PyObject_HEAD
    struct store_object *store; /* strong */
    struct pn_lease lease;
    bool is_held; /* ours; else we observe the holder */
    int pid;      /* of the process that holds it: a forked child does not */
};

/* lease.c: is it held, and by this process? A forked child has a copy of it, and no
 * right to it. */
bool
lease_is_ours(const struct lease_object *self);

/* lease.c: a Lease, ours or somebody else's. */
PyObject *
lease_of(struct cache_object *cache, const struct pn_lease *lease, bool is_held);

int
lease_type_add(PyObject *module);

#endif
