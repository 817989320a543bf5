#include "store/clear.h"

#include "store/lock.h"
#include "store/segment.h"

int
pn_store_clear(struct pn_store *st)
{
    struct pn_super *super = pn_super_of(st);
    atomic_fetch_add_explicit(&super->clear_gen, 1, memory_order_acq_rel);
    atomic_fetch_add_explicit(&super->clears, 1, memory_order_relaxed);
    return PN_OK;
}

static bool
has_older(const struct pn_store *st, uint32_t shard, uint32_t gen)
{
    uint32_t first = pn_shard_first_seg(st, shard);
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        const struct pn_seg *seg = pn_seg_at(st, first + i);
        uint32_t state = pn_seg_state(seg);
        if ((state == PN_SEG_OPEN || state == PN_SEG_SEALED ||
             state == PN_SEG_DRAINING) &&
            seg->clear_gen != gen) {
            return true;
        }
    }
    return false;
}

void
pn_clear_settle(struct pn_store *st)
{
    struct pn_super *super = pn_super_of(st);
    uint32_t gen = atomic_load_explicit(&super->clear_gen, memory_order_acquire);
    uint32_t done = atomic_load_explicit(&super->clear_done, memory_order_acquire);
    if (PN_LIKELY(gen == done)) {
        return;
    }
    /* A segment is opened under the lock with the generation of that moment: once
     * a shard was seen under its lock without older ones it gets none later. */
    for (uint32_t s = 0; s < st->geo.nshard; s++) {
        if (pn_lock(st, s, 0) != PN_OK) {
            return;
        }
        bool is_older = has_older(st, s, gen);
        pn_unlock(st, s);
        if (is_older) {
            return;
        }
    }
    /* Only forward, and only to what was checked: a clear() meanwhile keeps the
     * two apart. */
    atomic_compare_exchange_strong_explicit(&super->clear_done, &done, gen,
                                            memory_order_acq_rel, memory_order_relaxed);
}
