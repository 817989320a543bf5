/* What a dead writer leaves, made by hand, and what recovery makes of it. Real deaths
 * are tests/crash/torture.c's business. */
#include "fixture.h"

#include "store/handle.h"
#include "store/index.h"
#include "store/lock.h"
#include "store/recover.h"
#include "store/segment.h"

enum { KEYS = 3000 };

static void
recover(struct pn_store *store, uint32_t shard)
{
    CHECK_EQ(pn_lock(store, shard, 0), PN_OK);
    pn_recover_shard(store, shard);
    pn_unlock(store, shard);
}

static struct pn_store *
open_filled(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 50, PN_NO_TTL), PN_OK);
    }
    return store;
}

static void
check_all_there(struct pn_store *store)
{
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_has(store, 1000, k, 1, 50), 1);
    }
    CHECK_EQ(fixture_stats(store).items, KEYS);
}

/* A healthy shard loses nothing, and its buckets have new versions all the same: a
 * reader that was copying out looks again. */
static void
test_healthy(void)
{
    struct pn_store *store = open_filled();
    uint32_t version = pn_bucket_at(store, 0, 3)->version;
    for (uint32_t s = 0; s < store->geo.nshard; s++) {
        recover(store, s);
    }
    CHECK(pn_bucket_at(store, 0, 3)->version != version);
    check_all_there(store);
    struct pn_store_stats stats = fixture_stats(store);
    CHECK_EQ(stats.recoveries, stats.shards);
    CHECK_EQ(stats.wipes, 0);
    fixture_close(store, 1000);
}

/* Bytes written and not published, a segment opened and not noted, a drain chosen and
 * not noted, counters of any value: nothing is lost by any of them. */
static void
test_half_done(void)
{
    struct pn_store *store = open_filled();
    struct pn_shard *sh = pn_shard_at(store, 0);
    uint32_t open = sh->open[0][0] != 0 ? sh->open[0][0] : sh->open[1][0];
    struct pn_seg *seg = pn_seg_at(store, open - 1);
    memset(store->base + pn_seg_off(store, open - 1) + seg->write_off, 0x77, 40);
    seg->write_off += 40; /* appended, never published; and no item at all */
    uint32_t id = pn_seg_take_free(store, 0);
    struct pn_seg *opened = pn_seg_at(store, id);
    opened->write_off = 0;
    opened->pool = 0;
    opened->ttl_class = 1;
    opened->clear_gen = seg->clear_gen;
    opened->state = PN_SEG_OPEN;
    sh->items = 12345;
    sh->bytes = 1;
    sh->nfree = 2;
    sh->npool[0] = 77;
    recover(store, 0);
    check_all_there(store);
    CHECK_EQ(fixture_stats(store).wipes, 0);
    fixture_close(store, 1000);
}

/* An overflow bucket that was taken and not linked is free again. */
static void
test_overflow_taken(void)
{
    struct pn_store *store = open_filled();
    struct pn_shard *sh = pn_shard_at(store, 0);
    uint32_t used = sh->ovf_used;
    uint32_t free = 0;
    while (pn_overflow_at(store, 0, free)->home != 0) {
        free++;
    }
    pn_overflow_at(store, 0, free)->home = 1;
    sh->ovf_used++;
    recover(store, 0);
    CHECK_EQ(sh->ovf_used, used);
    CHECK_EQ(pn_overflow_at(store, 0, free)->home, 0);
    check_all_there(store);
    fixture_close(store, 1000);
}

/* Two recoveries in a row that did not end: the third empties this shard, and no
 * other. */
static void
test_third_time(void)
{
    struct pn_store *store = open_filled();
    struct pn_shard *sh = pn_shard_at(store, 0);
    uint64_t others = fixture_stats(store).items - sh->items;
    sh->attempts = 1;
    recover(store, 0);
    CHECK_EQ(sh->wipes, 0);
    check_all_there(store);
    sh->attempts = 2;
    recover(store, 0);
    CHECK_EQ(sh->wipes, 1);
    CHECK_EQ(sh->attempts, 0);
    CHECK_EQ(sh->items, 0);
    CHECK_EQ(fixture_stats(store).items, others);
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK(fixture_has(store, 1000, k, 1, 50) >= 0);
        CHECK_EQ(fixture_put(store, 1000, k, 2, 60, PN_NO_TTL), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, k, 2, 60), 1);
    }
    fixture_close(store, 1000);
}

/* Nothing that was replaced or deleted comes back, though the log still holds it. */
static void
test_no_resurrection(void)
{
    struct pn_store *store = open_filled();
    for (uint64_t k = 0; k < KEYS; k++) {
        if (k % 2 == 0) {
            CHECK_EQ(fixture_put(store, 1000, k, 2, 50, PN_NO_TTL), PN_OK);
        } else {
            CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_OK);
        }
    }
    for (uint32_t s = 0; s < store->geo.nshard; s++) {
        recover(store, s);
    }
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_has(store, 1000, k, 2, 50), k % 2 == 0);
    }
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_healthy);
    RUN(test_half_done);
    RUN(test_overflow_taken);
    RUN(test_third_time);
    RUN(test_no_resurrection);
    return harness_done();
}
