/* Walking the whole store, lock-free, a few buckets a call. */
#include "base/bytes.h"
#include "store/clear.h"
#include "store/index.h"
#include "store/large.h"
#include "store/lock.h"
#include "store/read.h"
#include "store/tag.h"

enum { BUCKETS_PER_CALL = 32, TRIES = 64 };

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

/* All live items of a bucket's chain, as of one moment. */
struct batch {
    unsigned n;
    struct seen seen[PN_BUCKET_SLOTS + PN_CHAIN_MAX * PN_OVERFLOW_SLOTS];
};

static void
collect(const struct pn_store *st, const struct pn_probe *at, uint64_t now_ms,
        struct batch *batch)
{
    struct pn_run run = pn_run_first(st, at);
    batch->n = 0;
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_acquire);
            struct seen *seen = &batch->seen[batch->n];
            batch->n += w != 0 && copy_seen(st, w, now_ms, seen) && seen->is_live;
        }
    } while (pn_run_next(st, at, &run));
}

/* A chain is taken whole or again, because items move forward in it; if it changes
 * all the time, under the lock. PN_OK or PN_BUSY. */
static int
collect_whole(struct pn_store *st, const struct pn_probe *at, uint64_t now_ms,
              struct batch *batch)
{
    const struct pn_bucket *b = pn_bucket_at(st, at->shard, at->bucket);
    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t version = atomic_load_explicit(&b->version, memory_order_acquire);
        collect(st, at, now_ms, batch);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&b->version, memory_order_relaxed) == version) {
            return PN_OK;
        }
    }
    if (pn_lock(st, at->shard, st->write_wait_ms) != PN_OK) {
        return PN_BUSY;
    }
    collect(st, at, now_ms, batch);
    pn_unlock(st, at->shard);
    return PN_OK;
}

int
pn_store_scan(struct pn_store *st, uint64_t now_ms, uint64_t *cursor, pn_scan_fn fn,
              void *ctx)
{
    uint64_t total = (uint64_t)st->geo.nshard * st->geo.nbucket;
    uint64_t from = pn_min64(*cursor, total);
    uint64_t to = from + pn_min64(BUCKETS_PER_CALL, total - from);
    now_ms = pn_time(st, now_ms);
    for (uint64_t i = from; i < to; i++) {
        struct pn_probe at = {.shard = (uint32_t)(i / st->geo.nbucket),
                              .bucket = (uint32_t)(i % st->geo.nbucket)};
        struct batch batch;
        int rc = collect_whole(st, &at, now_ms, &batch);
        for (unsigned k = 0; k < batch.n && rc == PN_OK; k++) {
            const struct seen *seen = &batch.seen[k];
            rc = fn(ctx, seen->key, seen->klen, &seen->item);
        }
        if (rc != PN_OK) {
            return rc;
        }
    }
    *cursor = to < total ? to : 0;
    return PN_OK;
}
