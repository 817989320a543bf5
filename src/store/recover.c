#include "store/recover.h"

#include <string.h>

#include "base/alloc.h"
#include "store/crash.h"
#include "store/evict.h"
#include "store/index.h"
#include "store/large.h"
#include "store/lock.h"
#include "store/segment.h"
#include "store/survey.h"

enum { ATTEMPTS_MAX = 3 };

static bool
is_ours(uint32_t state)
{
    return state == PN_SEG_OPEN || state == PN_SEG_SEALED || state == PN_SEG_DRAINING;
}

static bool
is_lent(uint32_t state)
{
    return state == PN_SEG_CLAIMED || state == PN_SEG_LARGE || state == PN_SEG_RELEASED;
}

/* A move between slots that died half way. */
static void
undo_moves(struct pn_store *st, uint32_t shard)
{
    struct pn_probe at = {.shard = shard};
    for (at.bucket = 0; at.bucket < st->geo.nbucket; at.bucket++) {
        const struct pn_bucket *b = pn_bucket_at(st, shard, at.bucket);
        if (atomic_load_explicit(&b->next, memory_order_relaxed) != 0) {
            pn_index_undo_moves(st, &at);
        }
    }
}

/* Any replace or removal that stored its slot and died before the version. */
static void
bump_all(struct pn_store *st, uint32_t shard)
{
    for (uint32_t i = 0; i < st->geo.nbucket; i++) {
        atomic_fetch_add_explicit(&pn_bucket_at(st, shard, i)->version, 1,
                                  memory_order_acq_rel);
    }
    atomic_thread_fence(memory_order_seq_cst);
}

/* ---- Emptying -------------------------------------------------------------- */

static void
clear_index(struct pn_store *st, uint32_t shard)
{
    for (uint32_t i = 0; i < st->geo.nbucket; i++) {
        struct pn_bucket *b = pn_bucket_at(st, shard, i);
        for (unsigned k = 0; k < PN_BUCKET_SLOTS; k++) {
            atomic_store_explicit(&b->slot[k], 0, memory_order_relaxed);
        }
        atomic_store_explicit(&b->next, 0, memory_order_relaxed);
    }
    bump_all(st, shard);
    for (uint32_t i = 0; i < st->geo.novf; i++) {
        struct pn_overflow *o = pn_overflow_at(st, shard, i);
        for (unsigned k = 0; k < PN_OVERFLOW_SLOTS; k++) {
            atomic_store_explicit(&o->slot[k], 0, memory_order_relaxed);
        }
        atomic_store_explicit(&o->next, 0, memory_order_relaxed);
        atomic_store_explicit(&o->home, 0, memory_order_relaxed);
    }
    memset(pn_ghosts_at(st, shard, 0), 0, st->geo.nbucket * sizeof(struct pn_ghosts));
}

/* Everything of the shard is gone; every segment of its own is free. */
static void
wipe(struct pn_store *st, uint32_t shard)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    clear_index(st, shard);
    uint32_t first = pn_shard_first_seg(st, shard);
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        struct pn_seg *seg = pn_seg_at(st, first + i);
        if (!is_lent(pn_seg_state(seg))) {
            atomic_fetch_add_explicit(&seg->gen, 1, memory_order_acq_rel);
        }
    }
    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        struct pn_seg *seg = pn_seg_at(st, first + i);
        if (!is_lent(pn_seg_state(seg))) {
            seg->write_off = seg->live_bytes = seg->live_items = 0;
            atomic_store_explicit(&seg->state, PN_SEG_FREE, memory_order_release);
        }
    }
    sh->wipes++;
    sh->evicting = 0;
}

/* ---- Counting again -------------------------------------------------------- */

/* One segment header, from what the survey counted. */
static void
recount_segment(struct pn_store *st, uint32_t shard, uint32_t i,
                const struct pn_survey *sv)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    uint32_t id = pn_shard_first_seg(st, shard) + i;
    struct pn_seg *seg = pn_seg_at(st, id);
    uint32_t state = pn_seg_state(seg);
    if (is_lent(state)) {
        sh->nlent++;
        return;
    }
    if (!is_ours(state)) {
        atomic_store_explicit(&seg->state, PN_SEG_FREE, memory_order_relaxed);
        seg->write_off = seg->live_bytes = seg->live_items = 0;
        sh->nfree++;
        return;
    }
    seg->live_items = sv->live_items[i];
    seg->live_bytes = sv->live_bytes[i];
    seg->walk_off = 0;
    seg->min_exp_s = 0; /* the next sweep finds out */
    seg->pool &= 1;
    seg->ttl_class &= PN_TTL_CLASSES - 1;
    sh->npool[seg->pool]++;
    if (seg->seq >= sh->next_seq) {
        sh->next_seq = seg->seq + 1;
    }
    if (state == PN_SEG_DRAINING && sh->drain == 0) {
        sh->drain = id + 1;
    } else if (state == PN_SEG_OPEN && sh->open[seg->pool][seg->ttl_class] == 0) {
        sh->open[seg->pool][seg->ttl_class] = id + 1;
    } else {
        atomic_store_explicit(&seg->state, PN_SEG_SEALED, memory_order_relaxed);
    }
}

static void
free_unreached_overflow(struct pn_store *st, uint32_t shard, const struct pn_survey *sv)
{
    for (uint32_t i = 0; i < st->geo.novf; i++) {
        if (!pn_bit(sv->ovf_seen, i)) {
            atomic_store_explicit(&pn_overflow_at(st, shard, i)->home, 0,
                                  memory_order_relaxed);
        }
    }
}

/* Parts of large values whose key belongs to this shard and which no descriptor
 * names: their writer died between marking and publishing, or while releasing. */
static void
release_orphans(struct pn_store *st, uint32_t shard, const struct pn_survey *sv)
{
    for (uint32_t id = 0; id < st->geo.nseg; id++) {
        struct pn_seg *seg = pn_seg_at(st, id);
        if (atomic_load_explicit(&seg->state, memory_order_acquire) != PN_SEG_LARGE ||
            pn_bit(sv->part_seen, id)) {
            continue;
        }
        struct pn_probe pb = {0};
        pn_probe_hash(st, seg->hash, &pb);
        if (pb.shard == shard) {
            pn_large_release_part(
                st, id, atomic_load_explicit(&seg->gen, memory_order_relaxed));
        }
    }
}

static void
recount(struct pn_store *st, uint32_t shard, const struct pn_survey *sv)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    sh->items = sv->items;
    sh->bytes = sv->bytes;
    sh->nfree = sh->nlent = sh->drain = 0;
    sh->ovf_used = sv->ovf_used;
    memset(sh->npool, 0, sizeof sh->npool);
    memset(sh->open, 0, sizeof sh->open);
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        recount_segment(st, shard, i, sv);
    }
    free_unreached_overflow(st, shard, sv);
    release_orphans(st, shard, sv);
    /* A RELEASED segment whose hint was lost with its releaser. */
    atomic_store_explicit(&sh->released, sh->nlent, memory_order_relaxed);
    const struct pn_lease_rec *lease = pn_leases_at(st, shard);
    sh->nlease = 0;
    for (unsigned i = 0; i < PN_LEASE_PER_SHARD; i++) {
        sh->nlease += lease[i].token != 0;
    }
}

/* Verifies, empties if it must, counts again. True when nothing was wrong. */
static bool
repair(struct pn_store *st, uint32_t shard)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    /* The one allocation under a lock: a survey is 20 KiB, this is rare, and a
     * recoverer without memory must not be a recoverer without a result. */
    struct pn_survey *sv = pn_alloc(sizeof *sv);
    if (sv == NULL) {
        wipe(st, shard);
        return false;
    }
    bool is_right = sh->attempts < ATTEMPTS_MAX && pn_survey_shard(st, shard, sv);
    if (!is_right) {
        wipe(st, shard);
        pn_survey_shard(st, shard, sv);
    }
    recount(st, shard, sv);
    pn_free(sv);
    return is_right;
}

void
pn_recover_shard(struct pn_store *st, uint32_t shard)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    sh->attempts++;
    sh->recoveries++;
    PN_CRASH_POINT(PN_CP_RECOVERING);
    bump_all(st, shard); /* a move's two halves lie on both sides of one of these */
    undo_moves(st, shard);
    bump_all(st, shard);
    repair(st, shard);
    sh->attempts = 0;
}

/* ---- The whole region, by one who is alone ---------------------------------- */

/* Whatever a lock or lease says, its holder is dead. */
static void
forget_holders(struct pn_store *st, uint32_t shard)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    memset(&sh->lock, 0, sizeof sh->lock);
    pn_lock_init(sh, 1);
    atomic_store_explicit(&sh->condemned, 0, memory_order_relaxed);
    struct pn_lease_rec *lease = pn_leases_at(st, shard);
    for (unsigned i = 0; i < PN_LEASE_PER_SHARD; i++) {
        lease[i].token = 0;
        atomic_fetch_add_explicit(&lease[i].word, 1, memory_order_relaxed);
    }
}

/* Header states that are none. A segment that no descriptor names may be anything,
 * so a damaged one is simply free, under a new generation. */
static void
clean_states(struct pn_store *st)
{
    for (uint32_t id = 0; id < st->geo.nseg; id++) {
        struct pn_seg *seg = pn_seg_at(st, id);
        uint32_t state = pn_seg_state(seg);
        if (state == PN_SEG_CLAIMED || state > PN_SEG_RELEASED) {
            atomic_fetch_add_explicit(&seg->gen, 1, memory_order_acq_rel);
            atomic_store_explicit(&seg->state, PN_SEG_RELEASED, memory_order_relaxed);
        }
    }
}

void
pn_recover_region(struct pn_store *st)
{
    clean_states(st);
    for (uint32_t s = 0; s < st->geo.nshard; s++) {
        struct pn_shard *sh = pn_shard_at(st, s);
        forget_holders(st, s);
        sh->attempts = 0;
        if (pn_lock(st, s, 0) != PN_OK) {
            continue;
        }
        undo_moves(st, s);
        bump_all(st, s);
        if (!repair(st, s)) {
            sh->recoveries++;
        }
        pn_unlock(st, s);
    }
}

/* ---- One segment ------------------------------------------------------------ */

/* Drops one slot of the chain that points into [FROM, TO); false when none does.
 * One at a time, because dropping moves slots. */
static bool
purge_one(struct pn_store *st, const struct pn_probe *at, uint64_t from, uint64_t to)
{
    struct pn_run run = pn_run_first(st, at);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            struct pn_found found = {.slot = &run.slot[i]};
            found.word = atomic_load_explicit(found.slot, memory_order_relaxed);
            uint64_t off = pn_slot_off(found.word);
            if (found.word == 0 || off < from || off >= to) {
                continue;
            }
            if (pn_index_view(st, found.word, &found.view, &found.seg)) {
                pn_item_drop(st, at, &found);
            } else {
                pn_index_publish(st, at, found.slot, 0);
            }
            return true;
        }
    } while (pn_run_next(st, at, &run));
    return false;
}

void
pn_purge_segment(struct pn_store *st, uint32_t shard, uint32_t id)
{
    struct pn_probe at = {.shard = shard};
    uint64_t from = pn_seg_off(st, id), to = from + st->geo.seg_size;
    for (at.bucket = 0; at.bucket < st->geo.nbucket; at.bucket++) {
        while (purge_one(st, &at, from, to)) {
        }
    }
}
