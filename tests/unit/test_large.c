/* Values of whole segments: at every border, replaced, dropped, over the budget. */
#include "fixture.h"

#include "store/handle.h"

static void
test_borders(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t seg = store->geo.seg_size, max = pn_store_value_max(store);
    const uint64_t sizes[] = {store->geo.inline_max - 13 - 1,
                              store->geo.inline_max - 13,
                              store->geo.inline_max,
                              seg - 1,
                              seg,
                              seg + 1,
                              2 * seg,
                              7 * seg + 5,
                              max - 1,
                              max};
    for (uint64_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CHECK_EQ(fixture_put(store, 1000 + i, 1, i, sizes[i], PN_NO_TTL), PN_OK);
        if (!CHECK_EQ(fixture_has(store, 1000 + i, 1, i, sizes[i]), 1)) {
            printf("# size %llu\n", (unsigned long long)sizes[i]);
        }
    }
    CHECK_EQ(fixture_put(store, 2000, 1, 99, max + 1, PN_NO_TTL), PN_E_VALUE_SIZE);
    CHECK_EQ(fixture_has(store, 2000, 1, sizeof sizes / sizeof sizes[0] - 1, max), 1);
    fixture_close(store, 2000);
}

/* Every part comes back: after as many replaced, deleted, cleared and expired large
 * values as would fill the region many times, all segments but a few are free. */
static void
test_parts_come_back(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t max = pn_store_value_max(store), now = 1000;
    for (uint64_t i = 0; i < 60; i++) {
        uint64_t k = i % 3;
        CHECK_EQ(fixture_put(store, now, k, i, max / 3 - i, i % 2 ? PN_NO_TTL : 10000),
                 PN_OK);
        CHECK_EQ(fixture_has(store, now, k, i, max / 3 - i), 1);
        if (i % 5 == 0) {
            CHECK_EQ(pn_store_delete(store, now, &k, sizeof k), PN_OK);
        } else if (i % 7 == 0) {
            CHECK_EQ(pn_store_clear(store), PN_OK);
        } else if (i % 11 == 0) {
            now += 20000;
        }
        now += 20;
    }
    for (uint64_t k = 0; k < 3; k++) {
        pn_store_delete(store, now, &k, sizeof k);
    }
    pn_store_clear(store);
    for (int i = 0; i < 100; i++) {
        pn_store_maintain(store, now + 20000, 10000);
    }
    struct pn_store_stats stats = fixture_stats(store);
    CHECK_EQ(stats.segments_large, 0);
    CHECK_EQ(stats.items, 0);
    CHECK(stats.segments_free + 8 >= stats.segments);
    fixture_close(store, now);
}

/* More large values than fit evict one another; small ones beside them stay, as far
 * as half of the region goes. */
static void
test_budget(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t max = pn_store_value_max(store);
    for (uint64_t k = 1000; k < 1400; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 300, PN_NO_TTL), PN_OK);
    }
    for (uint64_t k = 0; k < 40; k++) {
        CHECK_EQ(fixture_put(store, 1000 + k, k, k, max / 2, PN_NO_TTL), PN_OK);
        CHECK_EQ(fixture_has(store, 1000 + k, k, k, max / 2), 1);
    }
    int there = 0;
    for (uint64_t k = 1000; k < 1400; k++) {
        int has = fixture_has(store, 2000, k, 1, 300);
        CHECK(has >= 0);
        there += has;
    }
    CHECK_EQ(there, 400);
    CHECK(fixture_stats(store).segments_large <= store->geo.nseg / 2);
    fixture_close(store, 2000);
}

static void
test_short_buffer(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t k = 1;
    char buf[100];
    struct pn_item item = {0};
    CHECK_EQ(fixture_put(store, 1000, k, 1, 100000, PN_NO_TTL), PN_OK);
    CHECK_EQ(pn_store_get(store, 1000, &k, sizeof k, buf, sizeof buf, &item), PN_SMALL);
    CHECK_EQ(item.vlen, 100000);
    CHECK_EQ(pn_store_peek(store, 1000, &k, sizeof k, &item), PN_OK);
    CHECK_EQ(item.vlen, 100000);
    int64_t value = 5;
    struct pn_incr incr = {
        .key = &k, .klen = sizeof k, .delta = 1, .ttl_ms = PN_NO_TTL};
    CHECK_EQ(pn_store_incr(store, 1000, &incr, &value), PN_E_TYPE);
    CHECK_EQ(pn_store_touch(store, 1000, &k, sizeof k, 500), PN_OK);
    CHECK_EQ(fixture_has(store, 1499, k, 1, 100000), 1);
    CHECK_EQ(fixture_has(store, 1500, k, 1, 100000), 0);
    fixture_close(store, 1500);
}

int
main(void)
{
    RUN(test_borders);
    RUN(test_parts_come_back);
    RUN(test_budget);
    RUN(test_short_buffer);
    return harness_done();
}
