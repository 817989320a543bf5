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

/* One look into one bucket. */
struct look {
    struct pn_store *st;
    const struct pn_probe *pb;
    const struct pn_bucket *bucket;
    uint32_t version; /* as it was when we began */
    void *buf;
    size_t cap;
    struct pn_hit *hit;
};

/* RC, if nothing has changed since the look began. */
static inline int
validated(const struct look *look, int rc)
{
    atomic_thread_fence(memory_order_acquire);
    uint32_t now = atomic_load_explicit(&look->bucket->version, memory_order_relaxed);
    return now == look->version ? rc : AGAIN;
}

/* Takes the item behind WORD apart: PN_OK, PN_MISS (the key's, and dead), OTHER or
 * BROKEN. Nothing of it is validated yet. */
static inline int
examine(const struct look *look, uint64_t word, struct pn_view *v)
{
    struct pn_store *st = look->st;
    uint32_t seg;
    if (PN_UNLIKELY(!pn_index_view(st, word, v, &seg))) {
        return BROKEN;
    }
    if (v->klen != look->pb->klen || !pn_shared_equal(v->key, look->pb->key, v->klen)) {
        return OTHER;
    }
    describe(st, v, word, seg, look->hit->item);
    bool is_dead = pn_is_cleared(st, seg) ||
                   (v->ntags != 0 && !pn_tags_are_current(st, v->tags, v->ntags));
    return is_dead ? PN_MISS : PN_OK;
}

/* A large value is guarded by its slot and its segment's generation, not by the
 * bucket's version: a hot neighbour must not starve a copy of megabytes. The slot is
 * looked at again after the generation was read, or the item may have been rewritten
 * at the same place under the new one. */
static PN_NOINLINE int
read_large(const struct look *look, const _Atomic uint64_t *slot, uint64_t word)
{
    struct pn_view v;
    uint32_t id;
    if (!pn_seg_of(look->st, pn_slot_off(word), &id)) {
        return AGAIN;
    }
    const struct pn_seg *seg = pn_seg_at(look->st, id);
    uint32_t gen = atomic_load_explicit(&seg->gen, memory_order_acquire);
    if (!pn_slot_is_same(slot, word)) {
        return AGAIN;
    }
    int rc = examine(look, word, &v);
    if (rc == PN_OK) {
        rc = pn_large_copy(look->st, &v, look->buf, look->cap, &look->hit->item->vlen);
    }
    atomic_thread_fence(memory_order_acquire);
    bool is_intact = atomic_load_explicit(&seg->gen, memory_order_relaxed) == gen &&
                     pn_slot_is_same(slot, word);
    return is_intact && rc >= 0 ? rc : AGAIN;
}

/* Copies the item behind WORD, if it is the key's. */
static inline int
read_slot(const struct look *look, _Atomic uint64_t *slot, uint64_t word)
{
    struct pn_view v;
    int rc = examine(look, word, &v);
    if (rc == OTHER) {
        return rc;
    }
    look->hit->slot = slot;
    look->hit->word = word;
    if (rc != PN_OK) {
        return validated(look, rc);
    }
    if (PN_UNLIKELY(pn_slot_is_large(word))) {
        return read_large(look, slot, word);
    }
    if (v.vlen > look->cap) {
        return validated(look, PN_SMALL);
    }
    pn_copy_out(look->buf, v.val, v.vlen);
    return validated(look, PN_OK);
}

static int
read_once(struct pn_store *st, const struct pn_probe *pb, void *buf, size_t cap,
          struct pn_hit *hit)
{
    const struct pn_bucket *b = pn_bucket_at(st, pb->shard, pb->bucket);
    PN_PREFETCH((const char *)b + 64); /* every other key stands there */
    struct look look = {.st = st,
                        .pb = pb,
                        .bucket = b,
                        .buf = buf,
                        .cap = cap,
                        .hit = hit,
                        .version = atomic_load_explicit(&b->version,
                                                        memory_order_acquire)};
    struct pn_run run = pn_run_first(st, pb);
    do {
        for (unsigned i = 0; i < run.n; i++) {
            uint64_t w = atomic_load_explicit(&run.slot[i], memory_order_acquire);
            if (pn_slot_tag(w) != pb->tag || w == 0) {
                continue;
            }
            int rc = read_slot(&look, &run.slot[i], w);
            if (rc != OTHER) {
                return rc;
            }
        }
    } while (pn_run_next(st, pb, &run));
    return validated(&look, PN_MISS);
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
