#include "fixture.h"

#include "store/lock.h"
#include "store/segment.h"

static bool
append(struct pn_store *store, unsigned pool, uint64_t exp_ms, size_t vlen,
       uint64_t *off)
{
    static const unsigned char val[10000];
    struct pn_draft draft = {
        .key = "key", .klen = 3, .val = val, .vlen = vlen, .exp_ms = exp_ms};
    struct pn_append app = {
        .pool = pool, .exp_ms = exp_ms, .when = pn_when(store, 1000), .draft = &draft};
    app.size = pn_draft_finish(&draft);
    return pn_seg_append(store, &app, off);
}

/* One open segment a pool and class; items stand one after the other, 4-aligned. */
static void
test_append(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_shard *sh = pn_shard_at(store, 0);
    uint64_t first = 0, second = 0, other = 0, timed = 0;
    uint32_t a = 0, b = 0, c = 0;
    CHECK_EQ(pn_lock(store, 0, 0), PN_OK);
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 33, &first));
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 33, &second));
    CHECK(append(store, PN_POOL_MAIN, PN_NO_TTL, 33, &other));
    CHECK(append(store, PN_POOL_SMALL, 5000, 33, &timed));
    CHECK_EQ(second - first, 44); /* 5 + 3 + 33, rounded up */
    CHECK(pn_seg_of(store, first, &a) && pn_seg_of(store, other, &b) &&
          pn_seg_of(store, timed, &c));
    CHECK(a != b && b != c && a != c);
    const struct pn_seg *seg = pn_seg_at(store, a);
    CHECK_EQ(seg->live_items, 2);
    CHECK_EQ(seg->live_bytes, 88);
    CHECK_EQ(seg->write_off, 88);
    CHECK_EQ(seg->max_exp_s, UINT32_MAX);
    CHECK_EQ(pn_seg_at(store, c)->min_exp_s, 5);
    CHECK_EQ(pn_seg_at(store, c)->max_exp_s, 6);
    CHECK_EQ(sh->npool[PN_POOL_SMALL], 2);
    CHECK_EQ(sh->npool[PN_POOL_MAIN], 1);
    CHECK_EQ(sh->nfree, store->geo.seg_per_shard - 3);
    pn_unlock(store, 0);
    pn_store_close(store); /* items without slots: not for the checker */
}

/* A full one is sealed; a freed one has a new generation and is taken again. */
static void
test_life(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_shard *sh = pn_shard_at(store, 0);
    uint64_t off = 0;
    uint32_t id = 0, next = 0;
    CHECK_EQ(pn_lock(store, 0, 0), PN_OK);
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 8000, &off));
    CHECK(pn_seg_of(store, off, &id));
    struct pn_seg *seg = pn_seg_at(store, id);
    CHECK_EQ(pn_seg_state(seg), PN_SEG_OPEN);
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 8000, &off));
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 8000, &off));
    CHECK(pn_seg_of(store, off, &next));
    CHECK(next != id);
    CHECK_EQ(pn_seg_state(seg), PN_SEG_SEALED);
    CHECK(pn_seg_at(store, next)->seq > seg->seq);
    uint32_t gen = seg->gen, nfree = sh->nfree;
    pn_seg_free(store, 0, id);
    CHECK_EQ(seg->gen, gen + 1);
    CHECK_EQ(pn_seg_state(seg), PN_SEG_FREE);
    CHECK_EQ(sh->nfree, nfree + 1);
    CHECK_EQ(pn_seg_take_free(store, 0), id);
    pn_unlock(store, 0);
    pn_store_close(store);
}

/* Appending goes on until the shard is full, then says so. */
static void
test_full(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t off = 0;
    unsigned n = 0;
    CHECK_EQ(pn_lock(store, 0, 0), PN_OK);
    while (n < 1000000 && append(store, n % 2, PN_NO_TTL, 8000, &off)) {
        n++;
    }
    CHECK_EQ(n, store->geo.seg_per_shard * (store->geo.seg_size / 8008));
    CHECK_EQ(pn_seg_take_free(store, 0), UINT32_MAX);
    pn_unlock(store, 0);
    pn_store_close(store);
}

/* An item after a clear does not join a segment from before it. */
static void
test_clear(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t before = 0, after = 0;
    uint32_t a = 0, b = 0;
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 10, &before));
    pn_store_clear(store);
    CHECK(append(store, PN_POOL_SMALL, PN_NO_TTL, 10, &after));
    CHECK(pn_seg_of(store, before, &a) && pn_seg_of(store, after, &b));
    CHECK(a != b);
    CHECK(pn_seg_at(store, a)->clear_gen != pn_seg_at(store, b)->clear_gen);
    pn_store_close(store);
}

int
main(void)
{
    RUN(test_append);
    RUN(test_life);
    RUN(test_full);
    RUN(test_clear);
    return harness_done();
}
