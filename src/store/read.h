/*
 * read - copying a value out without a lock
 *
 * Load the bucket's version, find the slot, copy the item, then look whether the
 * version is still the same: if so the copy is intact, because the bytes of an
 * item are overwritten only after its slot was changed and the version
 * incremented (index.h). The version is never "busy": a writer that was killed or
 * stopped makes no reader wait. A reader that was overtaken eight times, or finds
 * what cannot be, asks once more under the lock.
 *
 * After H.-J. Boehm, "Can seqlocks get along with programming language memory
 * models?" (MSPC'12); the memory-order argument is in docs/design/0003.
 */
#ifndef PN_STORE_READ_H
#define PN_STORE_READ_H

#include "store/handle.h"

struct pn_hit {
    struct pn_item *item;   /* the caller's */
    _Atomic uint64_t *slot; /* and the word found in it, for the frequency */
    uint64_t word;
};

/* PN_OK, PN_MISS, PN_SMALL or PN_BUSY, as pn_store_get() but for expiry, which
 * the caller judges by hit->item->exp_ms. The caller sets hit->item. */
int
pn_read(struct pn_store *st, const struct pn_probe *pb, void *buf, size_t cap,
        struct pn_hit *hit);

/* The user has read the item: raise its frequency, up to 3. A hot key's slot is
 * therefore not written at all. */
static inline void
pn_read_mark(const struct pn_hit *hit)
{
    if (pn_slot_freq(hit->word) < PN_FREQ_MAX) {
        uint64_t expected = hit->word;
        atomic_compare_exchange_weak_explicit(hit->slot, &expected,
                                              hit->word + PN_SLOT_FREQ_ONE,
                                              memory_order_relaxed,
                                              memory_order_relaxed);
    }
}

/* Starts fetching the bucket, then the items its tags promise. */
void
pn_read_fetch_bucket(const struct pn_store *st, const struct pn_probe *pb);
void
pn_read_fetch_item(const struct pn_store *st, const struct pn_probe *pb);

#endif
