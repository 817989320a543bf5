/* Walking the whole store, lock-free, a few buckets a call. */
#include "base/bytes.h"
#include "store/clear.h"
#include "store/index.h"
#include "store/large.h"
#include "store/read.h"
#include "store/tag.h"

enum { BUCKETS_PER_CALL = 32 };

struct seen { /* one item, copied out */
    char key[PN_KEY_MAX];
    size_t klen;
    struct pn_item item;
    bool is_live;
};

/* Copies what WORD points at; false when it cannot be an item. */
static bool
copy_seen(const struct pn_store *st, uint64_t word, uint64_t now_ms, struct seen *seen)
{
    struct pn_view v;
    uint32_t seg, nparts;
    if (!pn_index_view(st, word, &v, &seg)) {
        return false;
    }
    seen->klen = v.klen;
    pn_copy_out(seen->key, v.key, v.klen);
    seen->is_live = v.exp_ms > now_ms && !pn_is_cleared(st, seg) &&
                    (v.ntags == 0 || pn_tags_are_current(st, v.tags, v.ntags));
    uint32_t vlen = pn_slot_is_large(word) ? pn_large_total(st, v.val, v.vlen, &nparts)
                                           : v.vlen;
    seen->item = (struct pn_item){.vlen = vlen,
                                  .cflags = v.cflags,
                                  .bits = v.flags & PN_BITS_MASK,
                                  .exp_ms = v.exp_ms,
                                  .cas = pn_item_token(st, &v, pn_slot_off(word), seg)};
    return true;
}

/* One slot: read again while its bucket changes, a few times. An item that is
 * there all the time keeps its slot, so no bucket is begun anew. */
static int
visit_slot(const struct pn_store *st, const struct pn_bucket *b,
           const _Atomic uint64_t *slot, uint64_t now_ms, pn_scan_fn fn, void *ctx)
{
    for (unsigned i = 0; i < 64; i++) {
        uint32_t version = atomic_load_explicit(&b->version, memory_order_acquire);
        uint64_t w = atomic_load_explicit(slot, memory_order_acquire);
        struct seen seen;
        if (w == 0) {
            return 0;
        }
        bool is_item = copy_seen(st, w, now_ms, &seen);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&b->version, memory_order_relaxed) == version) {
            return is_item && seen.is_live ? fn(ctx, seen.key, seen.klen, &seen.item)
                                           : 0;
        }
    }
    return 0;
}

static int
visit_bucket(const struct pn_store *st, const struct pn_probe *at, uint64_t now_ms,
             pn_scan_fn fn, void *ctx)
{
    const struct pn_bucket *b = pn_bucket_at(st, at->shard, at->bucket);
    struct pn_run run = pn_run_first(st, at);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            int rc = visit_slot(st, b, &run.slot[i], now_ms, fn, ctx);
            if (rc != 0) {
                return rc;
            }
        }
    } while (pn_run_next(st, at, &run));
    return 0;
}

int
pn_store_scan(struct pn_store *st, uint64_t now_ms, uint64_t *cursor, pn_scan_fn fn,
              void *ctx)
{
    uint64_t total = (uint64_t)st->geo.nshard * st->geo.nbucket;
    uint64_t from = *cursor, to = pn_min64(from + BUCKETS_PER_CALL, total);
    now_ms = pn_time(st, now_ms);
    for (uint64_t i = from; i < to; i++) {
        struct pn_probe at = {.shard = (uint32_t)(i / st->geo.nbucket),
                              .bucket = (uint32_t)(i % st->geo.nbucket)};
        int rc = visit_bucket(st, &at, now_ms, fn, ctx);
        if (rc != 0) {
            return rc;
        }
    }
    *cursor = to < total ? to : 0;
    return PN_OK;
}
