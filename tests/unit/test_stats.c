#include "fixture.h"

static void
test_counts(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_store_stats s = fixture_stats(store);
    CHECK_EQ(s.size, FIXTURE_SIZE);
    CHECK_EQ(s.value_max, pn_store_value_max(store));
    CHECK_EQ(s.processes, 1);
    CHECK_EQ(s.shared, 0);
    CHECK_EQ(s.segments_free, s.segments);
    CHECK_EQ(s.items + s.bytes + s.hits + s.misses + s.sets + s.deletes + s.evicted, 0);
    for (uint64_t k = 0; k < 100; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 100, PN_NO_TTL), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, k, 1, 100), 1);
        CHECK_EQ(fixture_has(store, 1000, k + 1000, 1, 100), 0);
    }
    s = fixture_stats(store);
    CHECK_EQ(s.items, 100);
    CHECK_EQ(s.sets, 100);
    CHECK_EQ(s.hits, 100);
    CHECK_EQ(s.misses, 100);
    CHECK_EQ(s.bytes, 100 * (5 + 8 + 100 + 3)); /* header, key, value, padding */
    CHECK_EQ(s.dead_bytes, 0);
    for (uint64_t k = 0; k < 50; k++) {
        CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_OK);
        CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_MISS);
    }
    s = fixture_stats(store);
    CHECK_EQ(s.items, 50);
    CHECK_EQ(s.deletes, 50);
    CHECK_EQ(s.dead_bytes, s.bytes);
    CHECK(s.index_capacity > 10000);
    fixture_close(store, 1000);
}

static void
test_large(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    CHECK_EQ(fixture_put(store, 1000, 1, 1, 100000, PN_NO_TTL), PN_OK);
    struct pn_store_stats s = fixture_stats(store);
    CHECK_EQ(s.segments_large, (100000 + s.segment_size - 1) / s.segment_size);
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_counts);
    RUN(test_large);
    return harness_done();
}
