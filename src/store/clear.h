/*
 * clear - everything at once, in O(1)
 *
 * Segments carry the clear generation under which they were opened; an item of
 * an older segment is gone. While no such segment is left (clear_done has caught
 * up with clear_gen) readers need not look at segment headers for it at all.
 */
#ifndef PN_STORE_CLEAR_H
#define PN_STORE_CLEAR_H

#include "store/handle.h"

/* Lock-free: whether items of SEG were cleared. */
static inline bool
pn_is_cleared(const struct pn_store *st, uint32_t seg)
{
    const struct pn_super *super = pn_super_of(st);
    uint32_t gen = atomic_load_explicit(&super->clear_gen, memory_order_acquire);
    if (PN_LIKELY(atomic_load_explicit(&super->clear_done, memory_order_acquire) ==
                  gen)) {
        return false;
    }
    return pn_seg_at(st, seg)->clear_gen != gen;
}

/* Moves clear_done forward when no segment of an older generation is left.
 * Without a lock held. */
void
pn_clear_settle(struct pn_store *st);

#endif
