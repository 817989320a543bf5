/* Adding up what shards, segments and processes have counted. No lock: each number
 * is right by itself, and they may be of slightly different moments. They are
 * hints for people, read while writers change them. */
#include "store/clear.h"
#include "store/handle.h"
#include "store/segment.h"

PN_NO_TSAN static void
add_shard(const struct pn_store *st, uint32_t s, struct pn_store_stats *out)
{
    const struct pn_shard *sh = pn_shard_at(st, s);
    out->items += sh->items;
    out->bytes += sh->bytes;
    out->sets += sh->sets;
    out->deletes += sh->deletes;
    out->evicted += sh->evicted;
    out->expired += sh->expired;
    out->reclaimed += sh->reclaimed;
    out->copied += sh->copied;
    out->index_evicted += sh->index_evicted;
    out->leases += sh->leases;
    out->lease_takeovers += sh->takeovers;
    out->fenced += sh->fenced;
    out->recoveries += sh->recoveries;
    out->wipes += sh->wipes;
    out->condemned += atomic_load_explicit(&sh->condemned, memory_order_relaxed) != 0;
    if (sh->age_evicted_ms > out->age_evicted_ms) {
        out->age_evicted_ms = sh->age_evicted_ms;
    }
}

PN_NO_TSAN static void
add_segment(const struct pn_store *st, uint32_t id, struct pn_store_stats *out)
{
    const struct pn_seg *seg = pn_seg_at(st, id);
    switch (pn_seg_state(seg)) {
    case PN_SEG_FREE:
    case PN_SEG_RELEASED:
        out->segments_free++;
        break;
    case PN_SEG_CLAIMED:
    case PN_SEG_LARGE:
        out->segments_large++;
        break;
    default:
        out->dead_bytes += seg->write_off > seg->live_bytes
                               ? seg->write_off - seg->live_bytes
                               : 0;
        break;
    }
}

static void
add_process(const struct pn_proc *proc, struct pn_store_stats *out)
{
    out->hits += atomic_load_explicit(&proc->hits, memory_order_relaxed);
    out->misses += atomic_load_explicit(&proc->misses, memory_order_relaxed);
    out->retries += atomic_load_explicit(&proc->retries, memory_order_relaxed);
    out->fallbacks += atomic_load_explicit(&proc->fallbacks, memory_order_relaxed);
    out->skipped += atomic_load_explicit(&proc->skipped, memory_order_relaxed);
}

int
pn_store_stats(struct pn_store *st, struct pn_store_stats *out)
{
    const struct pn_super *super = pn_super_of(st);
    *out = (struct pn_store_stats){
        .size = st->geo.region_size,
        .value_max = st->geo.large_max,
        .index_capacity = (uint64_t)st->geo.nshard *
                          ((uint64_t)st->geo.nbucket * PN_BUCKET_SLOTS +
                           (uint64_t)st->geo.novf * PN_OVERFLOW_SLOTS),
        .shards = st->geo.nshard,
        .segments = st->geo.nseg,
        .segment_size = st->geo.seg_size,
        .clears = atomic_load_explicit(&super->clears, memory_order_relaxed),
        .invalidations = atomic_load_explicit(&super->invalidations,
                                              memory_order_relaxed),
        .processes = pn_live_count(&st->live, PN_PROC_MAX),
        .uptime_ms = pn_store_now(st),
        .shared = st->is_shared,
    };
    for (uint32_t s = 0; s < st->geo.nshard; s++) {
        add_shard(st, s, out);
    }
    for (uint32_t id = 0; id < st->geo.nseg; id++) {
        add_segment(st, id, out);
    }
    for (int i = 0; i < (int)PN_PROC_MAX; i++) {
        add_process(pn_proc_at(st, i), out);
    }
    if (st->self == &st->spare) {
        add_process(&st->spare, out);
    }
    return PN_OK;
}
