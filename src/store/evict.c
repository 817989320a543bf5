#include "store/evict.h"

#include "base/bytes.h"
#include "store/crash.h"
#include "store/large.h"
#include "store/recover.h"
#include "store/tag.h"
#include "store/walk.h"

enum {
    STEP = 16,          /* items a write drains when eviction is due */
    PROMOTE_AT = 2,     /* hits in small that earn a place in main */
    SMALL_PERCENT = 10, /* the share of the small pool */
};

bool
pn_item_is_dead(const struct pn_store *st, const struct pn_view *view, uint32_t seg,
                const struct pn_when *when)
{
    return view->exp_ms <= when->now_ms ||
           pn_seg_at(st, seg)->clear_gen != when->clear_gen ||
           (view->ntags != 0 && !pn_tags_are_current(st, view->tags, view->ntags));
}

/* ---- Policy ---------------------------------------------------------------- */

static uint32_t
small_target(const struct pn_store *st, const struct pn_shard *sh)
{
    uint32_t lent = sh->nlent < st->geo.seg_per_shard ? sh->nlent : 0;
    uint32_t mine = st->geo.seg_per_shard - lent;
    uint32_t target = (mine * SMALL_PERCENT + 50) / 100;
    return target > 0 ? target : 1;
}

unsigned
pn_evict_pool_for(struct pn_store *st, const struct pn_probe *pb)
{
    if (pn_ghost_take(st, pb)) {
        return PN_POOL_MAIN;
    }
    struct pn_shard *sh = pn_shard_at(st, pb->shard);
    if (!sh->evicting && sh->npool[PN_POOL_SMALL] >= small_target(st, sh)) {
        return PN_POOL_MAIN;
    }
    return PN_POOL_SMALL;
}

/* The oldest segment of POOL in state STATE; UINT32_MAX when there is none. */
static uint32_t
oldest(const struct pn_store *st, uint32_t shard, unsigned pool, uint32_t state)
{
    uint32_t first = pn_shard_first_seg(st, shard), best = UINT32_MAX;
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        const struct pn_seg *seg = pn_seg_at(st, first + i);
        if (pn_seg_state(seg) == state && seg->pool == pool &&
            (best == UINT32_MAX || seg->seq < pn_seg_at(st, best)->seq)) {
            best = first + i;
        }
    }
    return best;
}

/* A sealed segment that is mostly dead already: wholly expired or cleared before
 * all others, then the one with the fewest live bytes if that is under half. */
static uint32_t
cheapest(struct pn_store *st, uint32_t shard, uint64_t now_ms)
{
    uint32_t first = pn_shard_first_seg(st, shard), best = UINT32_MAX;
    uint32_t fewest = st->geo.seg_size / 2;
    uint32_t gen = pn_when(st, now_ms).clear_gen;
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        const struct pn_seg *seg = pn_seg_at(st, first + i);
        if (pn_seg_state(seg) != PN_SEG_SEALED) {
            continue;
        }
        if (seg->clear_gen != gen || seg->live_items == 0 ||
            (uint64_t)seg->max_exp_s * 1000 <= now_ms) {
            return first + i;
        }
        if (seg->live_bytes < fewest) {
            fewest = seg->live_bytes;
            best = first + i;
        }
    }
    return best;
}

static uint32_t
choose_victim(struct pn_store *st, uint32_t shard, uint64_t now_ms)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    uint32_t id = cheapest(st, shard, now_ms);
    if (id != UINT32_MAX) {
        pn_seg_at(st, id)->is_compacted = 1;
        return id;
    }
    sh->evicting = 1;
    unsigned pool = sh->npool[PN_POOL_SMALL] >= small_target(st, sh) ||
                            sh->npool[PN_POOL_MAIN] < 2
                        ? PN_POOL_SMALL
                        : PN_POOL_MAIN;
    for (unsigned i = 0; i < 4; i++) {
        /* This pool's sealed ones, the other's, then the open ones likewise. */
        uint32_t state = i < 2 ? PN_SEG_SEALED : PN_SEG_OPEN;
        id = oldest(st, shard, pool ^ (i & 1), state);
        if (id != UINT32_MAX) {
            if (state == PN_SEG_OPEN) {
                pn_seg_seal(st, shard, id);
            }
            return id;
        }
    }
    return UINT32_MAX;
}

/* ---- Removing and moving --------------------------------------------------- */

void
pn_item_drop(struct pn_store *st, const struct pn_probe *pb,
             const struct pn_found *found)
{
    struct pn_shard *sh = pn_shard_at(st, pb->shard);
    pn_index_publish(st, pb, found->slot, 0);
    if (PN_UNLIKELY(pn_slot_is_large(found->word))) {
        PN_CRASH_POINT(PN_CP_LARGE_UNLINKED);
        pn_large_release(st, found->view.val, found->view.vlen);
    }
    pn_seg_forget(pn_seg_at(st, found->seg), found->view.size);
    sh->items -= sh->items > 0;
    sh->bytes -= pn_min64(sh->bytes, found->view.size);
    pn_index_settle(st, pb, found->slot);
}

/* Copies the item to the tail of POOL and points its slot there. False when there
 * is no room: it is dropped then. */
static bool
move_item(struct pn_store *st, const struct pn_probe *pb, const struct pn_found *found,
          unsigned pool, unsigned freq, const struct pn_when *when)
{
    const struct pn_view *v = &found->view;
    struct pn_tag tags[PN_TAGS_MAX];
    struct pn_draft draft = pn_draft_again(v, tags);
    struct pn_append app = {.shard = pb->shard,
                            .pool = pool,
                            .exp_ms = v->exp_ms,
                            .when = *when,
                            .draft = &draft,
                            .size = pn_draft_finish(&draft)};
    uint64_t off;
    if (!pn_seg_append(st, &app, &off)) {
        return false;
    }
    pn_index_publish(st, pb, found->slot,
                     pn_slot_make(pb->tag, freq, pool, pn_slot_is_large(found->word),
                                  off));
    pn_seg_forget(pn_seg_at(st, found->seg), v->size);
    pn_shard_at(st, pb->shard)->copied++;
    PN_CRASH_POINT(PN_CP_DRAIN_MOVED);
    return true;
}

/* What becomes of one live item of a segment that is being drained. */
static void
decide(struct pn_store *st, const struct pn_probe *pb, const struct pn_found *found,
       uint64_t now_ms)
{
    struct pn_shard *sh = pn_shard_at(st, pb->shard);
    const struct pn_seg *seg = pn_seg_at(st, found->seg);
    struct pn_when when = pn_when(st, now_ms);
    if (pn_item_is_dead(st, &found->view, found->seg, &when)) {
        sh->expired += found->view.exp_ms <= now_ms;
        sh->reclaimed++;
        pn_item_drop(st, pb, found);
        return;
    }
    unsigned freq = pn_slot_freq(found->word), pool = pn_slot_pool(found->word);
    bool is_kept;
    if (seg->is_compacted) {
        is_kept = move_item(st, pb, found, pool, freq, &when);
    } else if (pool == PN_POOL_SMALL) {
        is_kept = freq >= PROMOTE_AT &&
                  move_item(st, pb, found, PN_POOL_MAIN, 0, &when);
    } else {
        is_kept = freq > 0 && move_item(st, pb, found, PN_POOL_MAIN, freq - 1, &when);
    }
    if (!is_kept) {
        if (pool == PN_POOL_SMALL) {
            pn_ghost_put(st, pb);
        }
        sh->evicted++;
        sh->evicting = 1;
        uint64_t birth_ms = (uint64_t)seg->birth_s * 1000;
        sh->age_evicted_ms = now_ms > birth_ms ? now_ms - birth_ms : 0;
        pn_item_drop(st, pb, found);
    }
}

/* ---- The drain ------------------------------------------------------------- */

/* The walk is over: every slot into the segment should be gone. If the counts
 * say otherwise they, or an item's lengths, are wrong: look at the whole index. */
static void
finish_drain(struct pn_store *st, uint32_t shard, uint32_t id, bool is_broken)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    struct pn_seg *seg = pn_seg_at(st, id);
    if (is_broken || seg->live_items != 0 || seg->walk_off != seg->write_off) {
        pn_purge_segment(st, shard, id);
    }
    sh->drain = 0;
    pn_seg_free(st, shard, id);
}

static bool
is_draining(const struct pn_store *st, uint32_t shard, uint32_t id)
{
    return id / st->geo.seg_per_shard == shard &&
           pn_seg_state(pn_seg_at(st, id)) == PN_SEG_DRAINING;
}

bool
pn_evict_step(struct pn_store *st, uint32_t shard, uint64_t now_ms, unsigned budget)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    uint32_t id = sh->drain - 1;
    if (sh->drain == 0 || !is_draining(st, shard, id)) {
        id = choose_victim(st, shard, now_ms);
        if (id == UINT32_MAX) {
            return false;
        }
        pn_seg_at(st, id)->walk_off = 0;
        atomic_store_explicit(&pn_seg_at(st, id)->state, PN_SEG_DRAINING,
                              memory_order_relaxed);
        PN_CRASH_POINT(PN_CP_DRAIN_CHOSEN);
        sh->drain = id + 1;
    }
    while (budget > 0) {
        struct pn_met met[PN_WALK_GROUP];
        bool is_broken = false;
        unsigned n = pn_walk(st, id, met, budget, &is_broken);
        for (unsigned i = 0; i < n; i++) {
            struct pn_found found;
            if (pn_met_find(st, &met[i], id, &found)) {
                decide(st, &met[i].pb, &found, now_ms);
            }
        }
        if (n == 0 || is_broken) {
            finish_drain(st, shard, id, is_broken);
            return true;
        }
        budget -= n;
    }
    return true;
}

void
pn_evict_make_room(struct pn_store *st, uint32_t shard, uint64_t now_ms)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    if (sh->nfree >= PN_SEG_RESERVE) {
        return;
    }
    pn_seg_adopt_released(st, shard);
    if (sh->nfree < PN_SEG_RESERVE) {
        pn_evict_step(st, shard, now_ms, STEP);
    }
    /* Out of free segments: this write pays for the rest of the drain. Every
     * drain frees one, and hits decrease at each turn, so four turns of all
     * segments are more than can happen. */
    for (uint32_t i = 0; sh->nfree == 0 && i < 4 * st->geo.seg_per_shard; i++) {
        if (!pn_evict_step(st, shard, now_ms, st->geo.seg_size / PN_ITEM_MIN)) {
            return;
        }
    }
}
