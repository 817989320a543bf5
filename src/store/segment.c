#include "store/segment.h"

#include "base/bytes.h"
#include "store/crash.h"

uint8_t
pn_ttl_class(const struct pn_store *st, uint64_t exp_ms, uint64_t now_ms)
{
    if (exp_ms == PN_NO_TTL) {
        return 0;
    }
    uint64_t left = exp_ms > now_ms ? exp_ms - now_ms : 0;
    if (st->geo.nclass < PN_TTL_CLASSES) { /* few segments: only short and long */
        return left <= 640000 ? 1 : 2;
    }
    uint8_t class = 1;
    for (uint64_t limit = 10000; left > limit && class < PN_TTL_CLASSES - 1;
         limit *= 8) {
        class ++;
    }
    return class;
}

uint32_t
pn_seg_take_free(struct pn_store *st, uint32_t shard)
{
    uint32_t first = pn_shard_first_seg(st, shard);
    struct pn_shard *sh = pn_shard_at(st, shard);
    for (uint32_t i = 0; i < st->geo.seg_per_shard && sh->nfree > 0; i++) {
        if (pn_seg_state(pn_seg_at(st, first + i)) == PN_SEG_FREE) {
            sh->nfree--;
            return first + i;
        }
    }
    sh->nfree = 0;
    return UINT32_MAX;
}

static bool
open_segment(struct pn_store *st, const struct pn_append *app, uint8_t class)
{
    uint32_t id = pn_seg_take_free(st, app->shard);
    if (id == UINT32_MAX) {
        return false;
    }
    struct pn_shard *sh = pn_shard_at(st, app->shard);
    struct pn_seg *seg = pn_seg_at(st, id);
    seg->seq = sh->next_seq++;
    seg->write_off = seg->live_bytes = seg->live_items = 0;
    seg->min_exp_s = UINT32_MAX;
    seg->max_exp_s = 0;
    seg->clear_gen = atomic_load_explicit(&pn_super_of(st)->clear_gen,
                                          memory_order_acquire);
    seg->walk_off = 0;
    seg->ttl_class = class;
    seg->pool = (uint8_t)app->pool;
    seg->birth_s = (uint32_t)(app->when.now_ms / 1000);
    seg->is_compacted = 0;
    PN_CRASH_POINT(PN_CP_SEG_OPENING);
    atomic_store_explicit(&seg->state, PN_SEG_OPEN, memory_order_release);
    PN_CRASH_POINT(PN_CP_SEG_OPENED);
    sh->open[app->pool][class] = id + 1;
    sh->npool[app->pool]++;
    return true;
}

void
pn_seg_seal(struct pn_store *st, uint32_t shard, uint32_t id)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    struct pn_seg *seg = pn_seg_at(st, id);
    for (unsigned c = 0; c < PN_TTL_CLASSES; c++) {
        if (sh->open[seg->pool & 1][c] == id + 1) {
            sh->open[seg->pool & 1][c] = 0;
        }
    }
    atomic_store_explicit(&seg->state, PN_SEG_SEALED, memory_order_relaxed);
}

/* The open segment of a pool and class, or UINT32_MAX. The number lies in shared
 * memory: one that names no open segment of this shard is as good as none. */
static uint32_t
open_at(const struct pn_store *st, uint32_t shard, unsigned pool, unsigned class)
{
    uint32_t id = pn_shard_at(st, shard)->open[pool][class] - 1;
    if (id >= st->geo.nseg || id / st->geo.seg_per_shard != shard) {
        return UINT32_MAX;
    }
    const struct pn_seg *seg = pn_seg_at(st, id);
    bool is_sound = pn_seg_state(seg) == PN_SEG_OPEN && seg->write_off % 4 == 0 &&
                    seg->write_off <= st->geo.seg_size;
    return is_sound ? id : UINT32_MAX;
}

/* The open segment, if it has room for the item. One of another clear generation
 * has none: a segment's items live and die together by that number. */
static uint32_t
open_with_room(const struct pn_store *st, const struct pn_append *app, unsigned pool,
               unsigned class)
{
    uint32_t id = open_at(st, app->shard, pool, class);
    if (id == UINT32_MAX) {
        return UINT32_MAX;
    }
    const struct pn_seg *seg = pn_seg_at(st, id);
    bool has_room = seg->clear_gen == app->when.clear_gen &&
                    st->geo.seg_size - seg->write_off >= app->size;
    return has_room ? id : UINT32_MAX;
}

static uint32_t
find_room(struct pn_store *st, const struct pn_append *app)
{
    uint8_t class = pn_ttl_class(st, app->exp_ms, app->when.now_ms);
    uint32_t id = open_with_room(st, app, app->pool, class);
    if (id != UINT32_MAX) {
        return id;
    }
    struct pn_shard *sh = pn_shard_at(st, app->shard);
    if (sh->nfree > 0) {
        uint32_t full = open_at(st, app->shard, app->pool, class);
        if (full != UINT32_MAX) {
            pn_seg_seal(st, app->shard, full);
        }
        if (open_segment(st, app, class)) {
            return sh->open[app->pool][class] - 1;
        }
    }
    /* Nothing free: company of another class, or of the other pool, is better
     * than being dropped. */
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned c = 0; c < st->geo.nclass; c++) {
            id = open_with_room(st, app, app->pool ^ i, c);
            if (id != UINT32_MAX) {
                return id;
            }
        }
    }
    return UINT32_MAX;
}

bool
pn_seg_append(struct pn_store *st, const struct pn_append *app, uint64_t *off)
{
    uint32_t id = find_room(st, app);
    if (id == UINT32_MAX) {
        return false;
    }
    struct pn_seg *seg = pn_seg_at(st, id);
    *off = pn_seg_off(st, id) + seg->write_off;
    pn_item_write(st->base + *off, app->draft);
    PN_CRASH_POINT(PN_CP_ITEM_WRITTEN);
    seg->write_off += app->size;
    seg->live_bytes += app->size;
    seg->live_items++;
    if (app->exp_ms == PN_NO_TTL) {
        seg->max_exp_s = UINT32_MAX;
    } else {
        uint32_t floor_s = (uint32_t)pn_min64(app->exp_ms / 1000, UINT32_MAX - 1);
        seg->min_exp_s = floor_s < seg->min_exp_s ? floor_s : seg->min_exp_s;
        seg->max_exp_s = floor_s + 1 > seg->max_exp_s ? floor_s + 1 : seg->max_exp_s;
    }
    PN_CRASH_POINT(PN_CP_ITEM_APPENDED);
    return true;
}

void
pn_seg_free(struct pn_store *st, uint32_t shard, uint32_t id)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    struct pn_seg *seg = pn_seg_at(st, id);
    atomic_fetch_add_explicit(&seg->gen, 1, memory_order_acq_rel);
    /* Every slot into it was changed and every version incremented before; no
     * byte of it is overwritten before this fence. */
    atomic_thread_fence(memory_order_seq_cst);
    PN_CRASH_POINT(PN_CP_SEG_FREEING);
    sh->npool[seg->pool & 1] -= sh->npool[seg->pool & 1] > 0;
    seg->write_off = seg->live_bytes = seg->live_items = 0;
    atomic_store_explicit(&seg->state, PN_SEG_FREE, memory_order_release);
    PN_CRASH_POINT(PN_CP_SEG_FREED);
    sh->nfree++;
}

void
pn_seg_adopt_released(struct pn_store *st, uint32_t shard)
{
    struct pn_shard *sh = pn_shard_at(st, shard);
    if (atomic_load_explicit(&sh->released, memory_order_relaxed) == 0) {
        return;
    }
    atomic_store_explicit(&sh->released, 0, memory_order_relaxed);
    uint32_t first = pn_shard_first_seg(st, shard);
    for (uint32_t i = 0; i < st->geo.seg_per_shard; i++) {
        struct pn_seg *seg = pn_seg_at(st, first + i);
        if (atomic_load_explicit(&seg->state, memory_order_acquire) ==
            PN_SEG_RELEASED) {
            atomic_store_explicit(&seg->state, PN_SEG_FREE, memory_order_relaxed);
            sh->nfree++;
            sh->nlent -= sh->nlent > 0;
        }
    }
}
