#include "fixture.h"

#include "store/handle.h"

enum { VLEN = 200 };

static uint64_t
fill(struct pn_store *store, uint64_t from, uint64_t to)
{
    for (uint64_t k = from; k < to; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, VLEN, PN_NO_TTL), PN_OK);
    }
    return to;
}

static int
count(struct pn_store *store, uint64_t from, uint64_t to)
{
    int there = 0;
    for (uint64_t k = from; k < to; k++) {
        struct pn_item item;
        int rc = pn_store_peek(store, 1000, &k, sizeof k, &item);
        CHECK(rc == PN_OK || rc == PN_MISS);
        there += rc == PN_OK;
    }
    return there;
}

/* Nothing is thrown away while there is room for it. */
static void
test_room_is_used(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t space = (uint64_t)store->geo.nseg * store->geo.seg_size;
    uint64_t n = space * 80 / 100 / (VLEN + 16);
    fill(store, 0, n);
    CHECK_EQ(count(store, 0, n), n);
    CHECK_EQ(fixture_stats(store).evicted, 0);
    fixture_close(store, 1000);
}

/* A scan of keys that are never asked for does not drive out the working set. */
static void
test_scan_resistance(void)
{
    enum { HOT = 2000, SCAN = 40000 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    fill(store, 0, HOT);
    for (uint64_t k = 0; k < SCAN; k++) {
        CHECK_EQ(fixture_put(store, 1000, HOT + k, 1, VLEN, PN_NO_TTL), PN_OK);
        for (uint64_t i = 0; i < 2; i++) {
            uint64_t hot = (k * 2 + i) % HOT;
            int has = fixture_has(store, 1000, hot, 1, VLEN);
            CHECK(has >= 0);
            if (has == 0) {
                CHECK_EQ(fixture_put(store, 1000, hot, 1, VLEN, PN_NO_TTL), PN_OK);
            }
        }
    }
    CHECK(fixture_stats(store).evicted > SCAN / 2);
    CHECK(count(store, 0, HOT) > HOT * 98 / 100);
    fixture_close(store, 1000);
}

/* A full store goes on taking writes, and holds about what it has room for. */
static void
test_full(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t space = (uint64_t)store->geo.nseg * store->geo.seg_size;
    uint64_t fits = space / (VLEN + 16);
    for (uint64_t k = 0; k < fits * 5; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, VLEN, PN_NO_TTL), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, k, 1, VLEN), 1);
    }
    struct pn_store_stats stats = fixture_stats(store);
    CHECK(stats.items > fits * 85 / 100);
    CHECK_EQ(stats.items + stats.evicted + stats.index_evicted, fits * 5);
    fixture_close(store, 1000);
}

/* Overwriting a few keys for ever needs no eviction: what is dead is compacted. */
static void
test_overwrites_evict_nothing(void)
{
    enum { KEYS = 3000, ROUNDS = 30 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (uint64_t i = 0; i < KEYS * ROUNDS; i++) {
        uint64_t k = (i * 7919) % KEYS;
        CHECK_EQ(fixture_put(store, 1000, k, i, VLEN, PN_NO_TTL), PN_OK);
    }
    CHECK_EQ(count(store, 0, KEYS), KEYS);
    CHECK_EQ(fixture_stats(store).evicted, 0);
    fixture_close(store, 1000);
}

/* Many small items where few large ones were expected: the index fills first, and
 * evicts in the chain that is full. */
static void
test_index_full(void)
{
    static const uint8_t seed[16] = {7};
    struct pn_store_opts opts = {.size = FIXTURE_SIZE, .item = 4096, .seed = seed};
    struct pn_store *store = NULL;
    CHECK_EQ(pn_store_open_private(&opts, &store, NULL), PN_OK);
    for (uint64_t k = 0; k < 60000; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 4, PN_NO_TTL), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, k, 1, 4), 1);
    }
    struct pn_store_stats stats = fixture_stats(store);
    CHECK(stats.index_evicted > 0);
    CHECK(stats.items <= stats.index_capacity);
    CHECK(stats.items > stats.index_capacity / 2);
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_room_is_used);
    RUN(test_scan_resistance);
    RUN(test_full);
    RUN(test_overwrites_evict_nothing);
    RUN(test_index_full);
    return harness_done();
}
