#include "store/expire.h"

#include "base/bytes.h"
#include "store/clear.h"
#include "store/evict.h"
#include "store/large.h"
#include "store/lock.h"
#include "store/recover.h"
#include "store/walk.h"

enum {
    PERIOD_MS = 10, /* between two slices, whoever does them */
    SLICE = 2048,   /* items a slice looks at: at most about 100 us */
};

/* A segment in which something has expired, or all was cleared; UINT32_MAX. */
static uint32_t
find_due(const struct pn_store *st, uint32_t shard, uint64_t now_ms)
{
    uint32_t first = pn_shard_first_seg(st, shard);
    uint32_t gen = pn_when(st, now_ms).clear_gen;
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        const struct pn_seg *seg = pn_seg_at(st, first + i);
        uint32_t state = pn_seg_state(seg);
        if ((state == PN_SEG_SEALED || state == PN_SEG_OPEN) && seg->write_off != 0 &&
            (((uint64_t)seg->min_exp_s + 1) * 1000 <= now_ms ||
             seg->clear_gen != gen)) {
            return first + i;
        }
    }
    return UINT32_MAX;
}

/* Goes on with the walk through a segment. True at its end; min_exp_s then is the
 * second at which to come back. */
static bool
sweep(struct pn_store *st, uint32_t id, uint64_t now_ms, size_t *budget,
      size_t *dropped)
{
    struct pn_seg *seg = pn_seg_at(st, id);
    if (seg->walk_off == 0) {
        seg->sweep_min_s = UINT32_MAX;
    }
    struct pn_when when = pn_when(st, now_ms);
    struct pn_met met[PN_WALK_GROUP];
    bool is_broken = false;
    unsigned n = 1;
    while (*budget > 0 && n > 0 && !is_broken) {
        n = pn_walk(st, id, met, (unsigned)pn_min64(*budget, PN_WALK_GROUP),
                    &is_broken);
        for (unsigned i = 0; i < n; i++) {
            struct pn_found found;
            const struct pn_view *v = &met[i].view;
            if (!pn_item_is_dead(st, v, id, &when)) {
                seg->sweep_min_s = (uint32_t)pn_min64(seg->sweep_min_s,
                                                      v->exp_ms / 1000);
            } else if (pn_met_find(st, &met[i], id, &found)) {
                pn_shard_at(st, met[i].pb.shard)->expired += v->exp_ms <= now_ms;
                pn_item_drop(st, &met[i].pb, &found);
                ++*dropped;
            }
        }
        *budget -= n;
    }
    if (n > 0 && !is_broken) {
        return false;
    }
    seg->min_exp_s = seg->sweep_min_s;
    seg->walk_off = 0;
    return true;
}

size_t
pn_expire_shard(struct pn_store *st, uint32_t shard, uint64_t now_ms, size_t *budget)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    uint32_t gen = pn_when(st, now_ms).clear_gen;
    size_t dropped = 0;
    pn_seg_adopt_released(st, shard);
    /* Each turn ends with a segment whose time is later, or is free. */
    for (uint32_t i = 0; *budget > 0 && i < st->geo.seg_per_shard; i++) {
        uint32_t id = find_due(st, shard, now_ms);
        if (id == UINT32_MAX || !sweep(st, id, now_ms, budget, &dropped)) {
            break;
        }
        struct pn_seg *seg = pn_seg_at(st, id);
        if (seg->live_items == 0 || seg->clear_gen != gen) {
            pn_seg_seal(st, shard, id);
            if (seg->live_items != 0) { /* counts or lengths that cannot be right */
                pn_purge_segment(st, shard, id);
            }
            pn_seg_free(st, shard, id);
        }
    }
    sh->reclaimed += dropped;
    return dropped;
}

void
pn_expire_if_due(struct pn_store *st, uint64_t now_ms)
{
    struct pn_super *super = pn_super_of(st);
    uint64_t due = atomic_load_explicit(&super->maint_due_ms, memory_order_relaxed);
    if (PN_LIKELY(now_ms < due) || !atomic_compare_exchange_strong_explicit(
                                       &super->maint_due_ms, &due, now_ms + PERIOD_MS,
                                       memory_order_relaxed, memory_order_relaxed)) {
        return;
    }
    uint32_t shard = atomic_fetch_add_explicit(&super->maint_shard, 1,
                                               memory_order_relaxed) &
                     (st->geo.nshard - 1);
    if (shard == 0) { /* once a round: what the dead had claimed */
        pn_large_reap(st);
    }
    if (pn_lock(st, shard, 0) == PN_OK) {
        size_t budget = SLICE;
        pn_expire_shard(st, shard, now_ms, &budget);
        pn_unlock(st, shard);
    }
    pn_clear_settle(st);
}
