#include "store/read.h"

#include "store/clear.h"
#include "store/index.h"
#include "store/large.h"
#include "store/lock.h"
#include "store/recover.h"
#include "store/tag.h"

enum {
    TRIES = 8,
    LOCKED_WAIT_MS = 1,
    AGAIN = -1,  /* the bucket changed: look again */
    BROKEN = -2, /* the bucket did not change, and what is there cannot be */
    OTHER = -3,  /* another key with the same tag */
};

static bool
is_unchanged(const struct pn_bucket *b, uint32_t version)
{
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&b->version, memory_order_relaxed) == version;
}

static void
describe(const struct pn_store *st, const struct pn_view *v, uint64_t word,
         uint32_t seg, struct pn_item *item)
{
    *item = (struct pn_item){.vlen = v->vlen,
                             .cflags = v->cflags,
                             .bits = v->flags & PN_BITS_MASK,
                             .exp_ms = v->exp_ms,
                             .cas = pn_item_token(st, v, pn_slot_off(word), seg)};
}

/* Copies the item behind WORD, if it is the key's. */
static int
read_slot(struct pn_store *st, const struct pn_probe *pb, const struct pn_bucket *b,
          uint32_t version, _Atomic uint64_t *slot, uint64_t word, void *buf,
          size_t cap, struct pn_hit *hit)
{
    struct pn_view v;
    uint32_t seg;
    if (PN_UNLIKELY(!pn_index_view(st, word, &v, &seg))) {
        return is_unchanged(b, version) ? BROKEN : AGAIN;
    }
    if (v.klen != pb->klen || !pn_shared_equal(v.key, pb->key, pb->klen)) {
        return OTHER;
    }
    hit->slot = slot;
    hit->word = word;
    describe(st, &v, word, seg, &hit->item);
    if (pn_is_cleared(st, seg) ||
        (v.ntags != 0 && !pn_tags_are_current(st, v.tags, v.ntags))) {
        return is_unchanged(b, version) ? PN_MISS : AGAIN;
    }
    int rc = PN_OK;
    if (PN_UNLIKELY(pn_slot_is_large(word))) {
        rc = pn_large_read(st, slot, word, &v, buf, cap, &hit->item.vlen);
        if (rc == PN_OK) {
            return rc; /* it has validated more than the version can */
        }
        return rc == PN_SMALL && is_unchanged(b, version) ? rc : AGAIN;
    }
    if (v.vlen > cap) {
        rc = PN_SMALL;
    } else {
        pn_copy_out(buf, v.val, v.vlen);
    }
    return is_unchanged(b, version) ? rc : AGAIN;
}

static int
read_once(struct pn_store *st, const struct pn_probe *pb, void *buf, size_t cap,
          struct pn_hit *hit)
{
    const struct pn_bucket *b = pn_bucket_at(st, pb->shard, pb->bucket);
    uint32_t version = atomic_load_explicit(&b->version, memory_order_acquire);
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_acquire);
            if (pn_slot_tag(w) != pb->tag || w == 0) {
                continue;
            }
            int rc = read_slot(st, pb, b, version, &run.slot[i], w, buf, cap, hit);
            if (rc != OTHER) {
                return rc;
            }
        }
    } while (pn_run_next(st, pb, &run));
    return is_unchanged(b, version) ? PN_MISS : AGAIN;
}

/* The last resort: with the lock nothing moves, and a pending recovery is run. */
static int
read_locked(struct pn_store *st, const struct pn_probe *pb, void *buf, size_t cap,
            struct pn_hit *hit)
{
    pn_count(&st->self->fallbacks);
    if (pn_lock(st, pb->shard, LOCKED_WAIT_MS) != PN_OK) {
        return PN_BUSY;
    }
    int rc = read_once(st, pb, buf, cap, hit);
    if (rc == BROKEN) {
        pn_recover_shard(st, pb->shard);
        rc = PN_MISS;
    }
    pn_unlock(st, pb->shard);
    return rc >= 0 ? rc : PN_BUSY;
}

int
pn_read(struct pn_store *st, const struct pn_probe *pb, void *buf, size_t cap,
        struct pn_hit *hit)
{
    for (unsigned i = 0; i < TRIES; i++) {
        int rc = read_once(st, pb, buf, cap, hit);
        if (PN_LIKELY(rc >= 0)) {
            return rc;
        }
        if (rc == BROKEN) {
            break;
        }
        pn_count(&st->self->retries);
    }
    return read_locked(st, pb, buf, cap, hit);
}

void
pn_read_fetch_bucket(const struct pn_store *st, const struct pn_probe *pb)
{
    const char *b = (const char *)pn_bucket_at(st, pb->shard, pb->bucket);
    PN_PREFETCH(b);
    PN_PREFETCH(b + 64);
}

void
pn_read_fetch_item(const struct pn_store *st, const struct pn_probe *pb)
{
    struct pn_run run = pn_run_first(st, pb);
    for (unsigned i = 0; i < run.n; i++) {
        uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_relaxed);
        uint64_t off = pn_slot_off(w);
        if (pn_slot_tag(w) == pb->tag && off < st->geo.region_size - 64) {
            PN_PREFETCH(st->base + off);
            PN_PREFETCH(st->base + off + 64);
        }
    }
}
