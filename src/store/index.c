#include "store/index.h"

#include <string.h>

#include "store/crash.h"

bool
pn_index_view(const struct pn_store *st, uint64_t word, struct pn_view *view,
              uint32_t *seg)
{
    uint64_t off = pn_slot_off(word);
    if (PN_UNLIKELY(!pn_seg_of(st, off, seg))) {
        return false;
    }
    uint64_t end = pn_seg_off(st, *seg) + st->geo.seg_size;
    return pn_item_parse(st->base + off, end - off, view);
}

bool
pn_index_find(const struct pn_store *st, const struct pn_probe *pb,
              struct pn_found *found)
{
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_relaxed);
            if (w == 0 || pn_slot_tag(w) != pb->tag ||
                !pn_index_view(st, w, &found->view, &found->seg)) {
                continue;
            }
            if (found->view.klen == pb->klen &&
                pn_shared_equal(found->view.key, pb->key, pb->klen)) {
                found->slot = &run.slot[i];
                found->word = w;
                return true;
            }
        }
    } while (pn_run_next(st, pb, &run));
    return false;
}

_Atomic uint64_t *
pn_index_find_off(const struct pn_store *st, const struct pn_probe *pb, uint64_t off)
{
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_relaxed);
            if (w != 0 && pn_slot_off(w) == off) {
                return &run.slot[i];
            }
        }
    } while (pn_run_next(st, pb, &run));
    return NULL;
}

static void
bump(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_bucket *b = pn_bucket_at(st, pb->shard, pb->bucket);
    atomic_fetch_add_explicit(&b->version, 1, memory_order_acq_rel);
}

/* A free overflow bucket, marked as ours; 0 or index + 1. */
static uint32_t
take_overflow(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_shard *sh = pn_shard_at(st, pb->shard);
    if (sh->ovf_used >= st->geo.novf) {
        return 0;
    }
    for (uint32_t i = 0; i < st->geo.novf; i++) {
        uint32_t at = (sh->ovf_hint + i) % st->geo.novf;
        struct pn_overflow *o = pn_overflow_at(st, pb->shard, at);
        if (atomic_load_explicit(&o->home, memory_order_relaxed) == 0) {
            sh->ovf_hint = at + 1;
            sh->ovf_used++;
            atomic_store_explicit(&o->next, 0, memory_order_relaxed);
            for (unsigned k = 0; k < PN_OVERFLOW_SLOTS; k++) {
                atomic_store_explicit(&o->slot[k], 0, memory_order_relaxed);
            }
            atomic_store_explicit(&o->home, pb->bucket + 1, memory_order_relaxed);
            return at + 1;
        }
    }
    return 0;
}

_Atomic uint64_t *
pn_index_vacant(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            if (atomic_load_explicit(&run.slot[i], memory_order_relaxed) == 0) {
                return &run.slot[i];
            }
        }
    } while (pn_run_next(st, pb, &run));
    if (run.hops >= PN_CHAIN_MAX) {
        return NULL;
    }
    uint32_t ovf = take_overflow(st, pb);
    if (ovf == 0) {
        return NULL;
    }
    PN_CRASH_POINT(PN_CP_OVERFLOW_TAKEN);
    /* An empty bucket at the end of a chain changes no key: no version. */
    atomic_store_explicit(run.next, (uint16_t)ovf, memory_order_release);
    PN_CRASH_POINT(PN_CP_OVERFLOW_LINKED);
    return &pn_overflow_at(st, pb->shard, ovf - 1)->slot[0];
}

_Atomic uint64_t *
pn_index_coldest(const struct pn_store *st, const struct pn_probe *pb)
{
    _Atomic uint64_t *coldest = NULL;
    unsigned lowest = UINT32_MAX;
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_relaxed);
            if (w != 0 && pn_slot_freq(w) < lowest) {
                lowest = pn_slot_freq(w);
                coldest = &run.slot[i];
            }
        }
    } while (pn_run_next(st, pb, &run));
    return coldest;
}

void
pn_index_publish(struct pn_store *st, const struct pn_probe *pb, _Atomic uint64_t *slot,
                 uint64_t word)
{
    atomic_store_explicit(slot, word, memory_order_release);
    PN_CRASH_POINT(PN_CP_SLOT_STORED);
    bump(st, pb);
    PN_CRASH_POINT(PN_CP_VERSION_BUMPED);
}

static bool
is_empty(const struct pn_overflow *o)
{
    for (unsigned i = 0; i < PN_OVERFLOW_SLOTS; i++) {
        if (atomic_load_explicit(&o->slot[i], memory_order_relaxed) != 0) {
            return false;
        }
    }
    return true;
}

static void
free_empty(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_run run = pn_run_first(st, pb);
    _Atomic uint16_t *link = run.next;
    while (pn_run_next(st, pb, &run)) {
        struct pn_overflow *o = pn_overflow_at(st, pb->shard, run.ovf - 1);
        if (!is_empty(o)) {
            link = run.next;
            continue;
        }
        uint16_t after = atomic_load_explicit(&o->next, memory_order_relaxed);
        atomic_store_explicit(link, after, memory_order_release);
        PN_CRASH_POINT(PN_CP_OVERFLOW_UNLINKED);
        bump(st, pb);
        atomic_thread_fence(memory_order_seq_cst);
        atomic_store_explicit(&o->home, 0, memory_order_relaxed);
        pn_shard_at(st, pb->shard)->ovf_used--;
        run.next = link;
    }
}

/* A used slot of the last run of the chain; NULL when SLOT is of that run, or the
 * run is empty. */
static _Atomic uint64_t *
last_used(const struct pn_store *st, const struct pn_probe *pb,
          const _Atomic uint64_t *slot)
{
    struct pn_run run = pn_run_first(st, pb);
    while (pn_run_next(st, pb, &run)) {
    }
    if (slot >= run.slot && slot < run.slot + run.n) {
        return NULL;
    }
    for (unsigned i = 0; i < run.n; i++) {
        if (atomic_load_explicit(&run.slot[i], memory_order_relaxed) != 0) {
            return &run.slot[i];
        }
    }
    return NULL;
}

void
pn_index_settle(struct pn_store *st, const struct pn_probe *pb, _Atomic uint64_t *slot)
{
    const struct pn_bucket *b = pn_bucket_at(st, pb->shard, pb->bucket);
    if (PN_LIKELY(atomic_load_explicit(&b->next, memory_order_relaxed) == 0)) {
        return;
    }
    _Atomic uint64_t *from = last_used(st, pb, slot);
    if (from != NULL) {
        uint64_t w = atomic_load_explicit(from, memory_order_relaxed);
        pn_index_publish(st, pb, slot, w);
        PN_CRASH_POINT(PN_CP_SLOT_MOVED);
        pn_index_publish(st, pb, from, 0);
    }
    free_empty(st, pb);
}

void
pn_index_undo_moves(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_run run = pn_run_first(st, pb);
    while (pn_run_next(st, pb, &run)) {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_relaxed);
            if (w != 0 && pn_index_find_off(st, pb, pn_slot_off(w)) != &run.slot[i]) {
                atomic_store_explicit(&run.slot[i], 0, memory_order_relaxed);
            }
        }
    }
}

/* ---- Ghosts ---------------------------------------------------------------- */

/* 0 means "none", so the tag 0 shares a name with 1. */
static uint16_t
ghost_tag(const struct pn_probe *pb)
{
    return pb->tag != 0 ? pb->tag : 1;
}

void
pn_ghost_put(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_ghosts *g = pn_ghosts_at(st, pb->shard, pb->bucket);
    memmove(&g->tag[1], &g->tag[0], sizeof g->tag - sizeof g->tag[0]);
    g->tag[0] = ghost_tag(pb);
}

bool
pn_ghost_take(struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_ghosts *g = pn_ghosts_at(st, pb->shard, pb->bucket);
    uint16_t tag = ghost_tag(pb);
    for (unsigned i = 0; i < PN_GHOSTS; i++) {
        if (g->tag[i] == tag) {
            memmove(&g->tag[i], &g->tag[i + 1], (PN_GHOSTS - 1 - i) * sizeof g->tag[0]);
            g->tag[PN_GHOSTS - 1] = 0;
            return true;
        }
    }
    return false;
}
