/*
 * owner - whether the process behind an owner number is still there
 *
 * Leases and claimed segments note their owner as a slot of the process table and
 * how often that slot had been taken (pn_live_owner()). The kernel holds the slot's
 * byte lock for as long as the process lives; the count tells a successor in the
 * slot from its predecessor.
 */
#ifndef PN_STORE_OWNER_H
#define PN_STORE_OWNER_H

#include "store/handle.h"

/* One system call; not under a lock. A number of a slot that was taken again
 * since is dead, and so is 0 (nobody, or a process beyond the 256th). */
static inline bool
pn_owner_is_alive(const struct pn_store *st, uint32_t owner)
{
    int slot = (int)(owner & 0x1ff) - 1;
    if (!st->is_shared || owner == st->owner) {
        return true;
    }
    if (slot < 0 || slot >= (int)PN_PROC_MAX) {
        return false;
    }
    uint32_t gen = atomic_load_explicit(&pn_proc_at(st, slot)->gen,
                                        memory_order_acquire);
    return pn_live_owner(slot, gen) == owner && pn_live_is_held(&st->live, slot);
}

#endif
