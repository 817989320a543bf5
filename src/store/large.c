#include "store/large.h"

#include "base/bytes.h"
#include "store/crash.h"
#include "store/evict.h"
#include "store/lock.h"
#include "store/owner.h"
#include "store/segment.h"

enum {
    COPY_STEP = 64 << 10, /* bytes between two looks at the generation */
    AGAIN = -1,
};

/* ---- Descriptors ----------------------------------------------------------- */

uint32_t
pn_large_total(const struct pn_store *st, const char *desc, uint32_t len,
               uint32_t *nparts)
{
    uint32_t head[2];
    if (len < sizeof head) {
        return 0;
    }
    pn_copy_out(head, desc, sizeof head);
    uint64_t room = (uint64_t)head[1] * st->geo.seg_size;
    if (head[1] == 0 || head[1] > PN_LARGE_PARTS_MAX || head[1] * 8ull + 8 != len ||
        head[0] > room || head[0] <= room - st->geo.seg_size) {
        return 0;
    }
    *nparts = head[1];
    return head[0];
}

bool
pn_large_part(const struct pn_store *st, const char *desc, uint32_t i,
              struct pn_part *part)
{
    pn_copy_out(part, desc + 8 + 8 * (size_t)i, sizeof *part);
    return part->seg < st->geo.nseg;
}

/* ---- Giving back ----------------------------------------------------------- */

static void
hand_back(struct pn_store *st, uint32_t id)
{
    struct pn_seg *seg = pn_seg_at(st, id);
    atomic_fetch_add_explicit(&seg->gen, 1, memory_order_acq_rel);
    atomic_thread_fence(memory_order_seq_cst);
    atomic_store_explicit(&seg->state, PN_SEG_RELEASED, memory_order_release);
    struct pn_shard *lender = pn_shard_at(st, id / st->geo.seg_per_shard);
    atomic_fetch_add_explicit(&lender->released, 1, memory_order_relaxed);
    PN_CRASH_POINT(PN_CP_LARGE_RELEASED);
}

void
pn_large_release_part(struct pn_store *st, uint32_t id, uint32_t gen)
{
    struct pn_seg *seg = pn_seg_at(st, id);
    if (atomic_load_explicit(&seg->state, memory_order_acquire) == PN_SEG_LARGE &&
        atomic_load_explicit(&seg->gen, memory_order_relaxed) == gen) {
        hand_back(st, id);
    }
}

void
pn_large_release(struct pn_store *st, const char *desc, uint32_t len)
{
    uint32_t nparts;
    if (pn_large_total(st, desc, len, &nparts) == 0) {
        return;
    }
    for (uint32_t i = 0; i < nparts; i++) {
        struct pn_part part;
        if (pn_large_part(st, desc, i, &part)) {
            pn_large_release_part(st, part.seg, part.gen);
        }
    }
}

void
pn_large_abandon(struct pn_store *st, const struct pn_large *d)
{
    for (uint32_t i = 0; i < d->nparts; i++) {
        hand_back(st, d->part[i].seg);
    }
}

/* Claims are made under the lender's lock, and so they are taken back. */
static void
reap_one(struct pn_store *st, uint32_t id, uint32_t owner)
{
    uint32_t shard = id / st->geo.seg_per_shard;
    struct pn_shard *sh = pn_shard_at(st, shard);
    struct pn_seg *seg = pn_seg_at(st, id);
    if (pn_lock(st, shard, st->write_wait_ms) != PN_OK) {
        return;
    }
    if (pn_seg_state(seg) == PN_SEG_CLAIMED && seg->owner == owner) {
        atomic_fetch_add_explicit(&seg->gen, 1, memory_order_acq_rel);
        atomic_thread_fence(memory_order_seq_cst);
        atomic_store_explicit(&seg->state, PN_SEG_FREE, memory_order_relaxed);
        sh->nfree++;
        sh->nlent -= sh->nlent > 0;
    }
    pn_unlock(st, shard);
}

void
pn_large_reap(struct pn_store *st)
{
    for (uint32_t id = 0; id < st->geo.nseg && st->is_shared; id++) {
        const struct pn_seg *seg = pn_seg_at(st, id);
        uint32_t state = atomic_load_explicit(&seg->state, memory_order_acquire);
        if (state == PN_SEG_RELEASED) { /* in case the hint died with the releaser */
            struct pn_shard *lender = pn_shard_at(st, id / st->geo.seg_per_shard);
            atomic_store_explicit(&lender->released, 1, memory_order_relaxed);
        } else if (state == PN_SEG_CLAIMED) {
            uint32_t owner = seg->owner;
            if (!pn_owner_is_alive(st, owner)) {
                reap_one(st, id, owner);
            }
        }
    }
}

/* ---- Claiming -------------------------------------------------------------- */

/* One segment of SHARD for us, evicting up to one of its own for it. PN_OK,
 * PN_MISS when it has lent its share, PN_BUSY. */
static int
claim_one(struct pn_store *st, uint32_t shard, uint64_t now_ms, struct pn_part *part)
{
    int rc = pn_lock(st, shard, st->write_wait_ms);
    if (rc != PN_OK) {
        return rc == PN_BUSY ? rc : PN_MISS;
    }
    struct pn_shard *sh = pn_shard_at(st, shard);
    pn_seg_adopt_released(st, shard);
    uint32_t id = UINT32_MAX;
    if (sh->nlent < st->geo.seg_per_shard / 2) {
        for (uint32_t i = 0; sh->nfree <= PN_SEG_RESERVE && i < st->geo.seg_per_shard;
             i++) {
            if (!pn_evict_step(st, shard, now_ms, st->geo.seg_size / PN_ITEM_MIN)) {
                break;
            }
        }
        id = sh->nfree > 0 ? pn_seg_take_free(st, shard) : UINT32_MAX;
    }
    if (id != UINT32_MAX) {
        struct pn_seg *seg = pn_seg_at(st, id);
        seg->owner = st->owner;
        part->seg = id;
        part->gen = atomic_load_explicit(&seg->gen, memory_order_relaxed);
        sh->nlent++;
        atomic_store_explicit(&seg->state, PN_SEG_CLAIMED, memory_order_release);
        PN_CRASH_POINT(PN_CP_LARGE_CLAIMED);
    }
    pn_unlock(st, shard);
    return id != UINT32_MAX ? PN_OK : PN_MISS;
}

/* The large value that was stored longest ago; UINT32_MAX when there is none. */
static uint32_t
oldest_large(const struct pn_store *st)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t id = 0; id < st->geo.nseg; id++) {
        const struct pn_seg *seg = pn_seg_at(st, id);
        if (atomic_load_explicit(&seg->state, memory_order_acquire) == PN_SEG_LARGE &&
            seg->walk_off == 0 &&
            (best == UINT32_MAX || seg->seq < pn_seg_at(st, best)->seq)) {
            best = id;
        }
    }
    return best;
}

/* The slot in the chain of PB whose descriptor begins with segment ID. */
static bool
find_by_part(struct pn_store *st, const struct pn_probe *pb, uint32_t id,
             struct pn_found *found)
{
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_relaxed);
            uint32_t nparts;
            struct pn_part part;
            if (w != 0 && pn_slot_is_large(w) &&
                pn_index_view(st, w, &found->view, &found->seg) &&
                pn_large_total(st, found->view.val, found->view.vlen, &nparts) != 0 &&
                pn_large_part(st, found->view.val, 0, &part) && part.seg == id) {
                found->slot = &run.slot[i];
                found->word = w;
                return true;
            }
        }
    } while (pn_run_next(st, pb, &run));
    return false;
}

/* Evicts the oldest large value, a clock's second chance given. False when there
 * is none, or its shard is busy. */
static bool
evict_oldest(struct pn_store *st)
{
    uint32_t id = oldest_large(st);
    if (id == UINT32_MAX) {
        return false;
    }
    struct pn_seg *seg = pn_seg_at(st, id);
    uint32_t gen = atomic_load_explicit(&seg->gen, memory_order_acquire);
    struct pn_probe pb = {0};
    pn_probe_hash(st, seg->hash, &pb);
    if (pn_lock(st, pb.shard, st->write_wait_ms) != PN_OK) {
        return false;
    }
    struct pn_found found;
    if (!find_by_part(st, &pb, id, &found)) {
        if (seg->hash == pb.hash) {
            pn_large_release_part(st, id, gen); /* nobody's: what a death left */
        }
    } else if (pn_slot_freq(found.word) > 0) {
        atomic_store_explicit(found.slot, found.word & ~PN_SLOT_FREQ_MASK,
                              memory_order_relaxed);
        seg->seq = atomic_fetch_add(&pn_super_of(st)->large_seq, 1) + 1;
    } else {
        pn_item_drop(st, &pb, &found);
        pn_shard_at(st, pb.shard)->evicted++;
    }
    pn_unlock(st, pb.shard);
    return true;
}

/* Claims d->nparts segments, a shard after the other. */
static int
claim(struct pn_store *st, uint64_t now_ms, struct pn_large *d)
{
    uint32_t want = d->nparts, refused = 0;
    uint32_t shard = atomic_fetch_add(&pn_super_of(st)->claims, 1);
    uint32_t patience = 4 * st->geo.nseg; /* every turn claims, or evicts, or ends */
    for (d->nparts = 0; d->nparts < want && patience > 0; patience--) {
        int rc = claim_one(st, shard++ & (st->geo.nshard - 1), now_ms,
                           &d->part[d->nparts]);
        if (rc == PN_OK) {
            d->nparts++;
            refused = 0;
        } else if (rc == PN_BUSY) {
            pn_large_abandon(st, d);
            return PN_BUSY;
        } else if (++refused >= st->geo.nshard) {
            pn_large_reap(st);
            refused = 0;
            if (!evict_oldest(st)) {
                break;
            }
        }
    }
    if (d->nparts < want) { /* others hold the room; it fits at another moment */
        pn_large_abandon(st, d);
        return PN_BUSY;
    }
    return PN_OK;
}

int
pn_large_write(struct pn_store *st, const void *val, size_t vlen, uint64_t now_ms,
               struct pn_large *d)
{
    if (vlen > st->geo.large_max) {
        return PN_E_VALUE_SIZE;
    }
    d->total = (uint32_t)vlen;
    d->nparts = (uint32_t)((vlen + st->geo.seg_size - 1) / st->geo.seg_size);
    int rc = claim(st, now_ms, d);
    if (rc != PN_OK) {
        return rc;
    }
    const char *from = val;
    for (uint32_t i = 0; i < d->nparts; i++) {
        size_t n = (size_t)pn_min64(vlen, st->geo.seg_size);
        pn_copy_in(st->base + pn_seg_off(st, d->part[i].seg), from, n);
        from += n;
        vlen -= n;
    }
    PN_CRASH_POINT(PN_CP_LARGE_WRITTEN);
    return PN_OK;
}

void
pn_large_mark(struct pn_store *st, const struct pn_large *d, uint64_t hash)
{
    uint64_t seq = atomic_fetch_add(&pn_super_of(st)->large_seq, 1) + 1;
    for (uint32_t i = 0; i < d->nparts; i++) {
        struct pn_seg *seg = pn_seg_at(st, d->part[i].seg);
        seg->hash = hash;
        seg->seq = seq;
        seg->walk_off = i;
        atomic_store_explicit(&seg->state, PN_SEG_LARGE, memory_order_release);
    }
    PN_CRASH_POINT(PN_CP_LARGE_MARKED);
}

void
pn_large_unmark(struct pn_store *st, const struct pn_large *d)
{
    for (uint32_t i = 0; i < d->nparts; i++) {
        atomic_store_explicit(&pn_seg_at(st, d->part[i].seg)->state, PN_SEG_CLAIMED,
                              memory_order_release);
    }
}

/* ---- Reading --------------------------------------------------------------- */

static bool
is_generation(const struct pn_seg *seg, uint32_t gen)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&seg->gen, memory_order_relaxed) == gen;
}

static bool
copy_part(const struct pn_store *st, const struct pn_part *part, char *to, size_t n)
{
    const struct pn_seg *seg = pn_seg_at(st, part->seg);
    const char *from = st->base + pn_seg_off(st, part->seg);
    if (atomic_load_explicit(&seg->gen, memory_order_acquire) != part->gen) {
        return false;
    }
    while (n > 0) {
        size_t step = n < COPY_STEP ? n : COPY_STEP;
        pn_copy_out(to, from, step);
        if (!is_generation(seg, part->gen)) {
            return false;
        }
        to += step;
        from += step;
        n -= step;
    }
    return true;
}

int
pn_large_copy(const struct pn_store *st, const struct pn_view *v, void *buf, size_t cap,
              uint32_t *total)
{
    uint32_t nparts;
    *total = pn_large_total(st, v->val, v->vlen, &nparts);
    if (*total == 0) {
        return AGAIN;
    }
    if (*total > cap) {
        return PN_SMALL;
    }
    char *to = buf;
    size_t left = *total;
    for (uint32_t i = 0; i < nparts; i++) {
        struct pn_part part;
        size_t n = (size_t)pn_min64(left, st->geo.seg_size);
        if (!pn_large_part(st, v->val, i, &part) || !copy_part(st, &part, to, n)) {
            return AGAIN;
        }
        to += n;
        left -= n;
    }
    return PN_OK;
}
