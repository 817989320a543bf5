/* Time is the test's own: expiry to the millisecond, and memory given back. */
#include "fixture.h"

#include "store/handle.h"
#include "store/segment.h"

#define YEAR_MS 31557600000ull

static void
test_to_the_millisecond(void)
{
    static const uint64_t ttls[] = {1, 2, 999, 1000, 1001, 60000, YEAR_MS};
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t now = 5000;
    for (uint64_t i = 0; i < sizeof ttls / sizeof ttls[0]; i++) {
        CHECK_EQ(fixture_put(store, now, i, 1, 40, ttls[i]), PN_OK);
        CHECK_EQ(fixture_has(store, now, i, 1, 40), 1);
        CHECK_EQ(fixture_has(store, now + ttls[i] - 1, i, 1, 40), 1);
        CHECK_EQ(fixture_has(store, now + ttls[i], i, 1, 40), 0);
        CHECK_EQ(fixture_has(store, now + ttls[i] + 1, i, 1, 40), 0);
    }
    fixture_close(store, now);
}

/* A clock that stands still, or that a caller sets back, expires nothing. */
static void
test_clock_stands(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    CHECK_EQ(fixture_put(store, 1000, 1, 1, 40, 10), PN_OK);
    for (int i = 0; i < 1000; i++) {
        CHECK_EQ(fixture_put(store, 1000, 100 + (uint64_t)i % 50, 1, 40, PN_NO_TTL),
                 PN_OK);
    }
    CHECK_EQ(fixture_has(store, 1009, 1, 1, 40), 1);
    CHECK_EQ(fixture_has(store, 0, 1, 1, 40), 1);
    fixture_close(store, 1000);
}

/* 40 bits of milliseconds are 34.8 years: just below it is exact, above it is
 * "never", and nothing wraps. */
static void
test_end_of_time(void)
{
    const uint64_t end = (1ull << 40) - 1;
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t now = end - 100;
    CHECK_EQ(fixture_put(store, now, 1, 1, 40, 100), PN_OK);
    CHECK_EQ(fixture_has(store, end - 1, 1, 1, 40), 1);
    CHECK_EQ(fixture_has(store, end, 1, 1, 40), 0);
    CHECK_EQ(fixture_put(store, now, 2, 1, 40, 101), PN_OK);
    CHECK_EQ(fixture_has(store, end + 5, 2, 1, 40), 1);
    CHECK_EQ(fixture_put(store, now, 3, 1, 40, UINT64_MAX - 1), PN_OK);
    CHECK_EQ(fixture_has(store, end + 5, 3, 1, 40), 1);
    CHECK_EQ(fixture_put(store, end + 1000, 4, 1, 40, 5), PN_OK);
    CHECK_EQ(fixture_has(store, end + 1004, 4, 1, 40), 1);
    fixture_close(store, now);
}

/* Which class a time to live falls into, at both sides of every border. */
static void
test_class_borders(void)
{
    struct pn_store *store = fixture_open(64u << 20, 0);
    CHECK_EQ(store->geo.nclass, PN_TTL_CLASSES);
    CHECK_EQ(pn_ttl_class(store, PN_NO_TTL, 77), 0);
    CHECK_EQ(pn_ttl_class(store, 77, 77), 1);
    uint64_t border = 10000;
    for (unsigned class = 1; class < PN_TTL_CLASSES - 1; class ++, border *= 8) {
        CHECK_EQ(pn_ttl_class(store, 77 + border, 77), class);
        CHECK_EQ(pn_ttl_class(store, 77 + border + 1, 77), class + 1);
    }
    CHECK_EQ(pn_ttl_class(store, 77 + 30 * YEAR_MS, 77), PN_TTL_CLASSES - 1);
    pn_store_close(store);
}

/* Expired items are taken away by maintain, without anybody reading them, and no
 * call looks at more than its budget. */
static void
test_reclaim(void)
{
    enum { ITEMS = 2000 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t now = 1000;
    for (uint64_t k = 0; k < ITEMS; k++) {
        CHECK_EQ(fixture_put(store, now, k, 1, 100, 5000), PN_OK);
        CHECK_EQ(fixture_put(store, now, k + ITEMS, 1, 100, PN_NO_TTL), PN_OK);
    }
    CHECK_EQ(fixture_stats(store).items, 2 * ITEMS);
    uint32_t free_before = fixture_stats(store).segments_free;
    CHECK_EQ(pn_store_maintain(store, now + 4000, 1u << 20), 0); /* nothing is due */
    now += 7000;
    size_t total = 0, calls = 0, last;
    do {
        last = pn_store_maintain(store, now, 100);
        CHECK(last <= 100);
        total += last;
    } while (++calls < 10000 && total < ITEMS);
    CHECK_EQ(total, ITEMS);
    struct pn_store_stats stats = fixture_stats(store);
    CHECK_EQ(stats.items, ITEMS);
    CHECK_EQ(stats.expired, ITEMS);
    CHECK_EQ(stats.evicted, 0);
    for (int i = 0; i < 50; i++) { /* the last emptied segments */
        pn_store_maintain(store, now, 10000);
    }
    CHECK(fixture_stats(store).segments_free > free_before);
    for (uint64_t k = 0; k < ITEMS; k++) {
        CHECK_EQ(fixture_has(store, now, k + ITEMS, 1, 100), 1);
    }
    fixture_close(store, now);
}

/* Writes alone do it too, a slice each 10 ms of the clock. */
static void
test_writes_reclaim(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (uint64_t k = 0; k < 3000; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 100, 5000), PN_OK);
    }
    for (uint64_t i = 0; i < 100; i++) {
        CHECK_EQ(fixture_put(store, 10000 + i * 10, 5000, i, 100, PN_NO_TTL), PN_OK);
    }
    CHECK_EQ(fixture_stats(store).items, 1);
    CHECK_EQ(fixture_stats(store).expired, 3000);
    fixture_close(store, 20000);
}

/* A touch moves the end, to either side, and keeps the value. */
static void
test_touch(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t k = 9;
    CHECK_EQ(fixture_put(store, 1000, k, 1, 40, 100), PN_OK);
    CHECK_EQ(pn_store_touch(store, 1050, &k, sizeof k, 1000), PN_OK);
    CHECK_EQ(fixture_has(store, 2049, k, 1, 40), 1);
    CHECK_EQ(fixture_has(store, 2050, k, 1, 40), 0);
    CHECK_EQ(pn_store_touch(store, 2050, &k, sizeof k, 1000), PN_MISS);
    CHECK_EQ(fixture_put(store, 3000, k, 2, 40, 100000), PN_OK);
    CHECK_EQ(pn_store_touch(store, 3000, &k, sizeof k, 5), PN_OK);
    CHECK_EQ(fixture_has(store, 3004, k, 2, 40), 1);
    CHECK_EQ(fixture_has(store, 3005, k, 2, 40), 0);
    CHECK_EQ(fixture_put(store, 4000, k, 3, 40, 5), PN_OK);
    CHECK_EQ(pn_store_touch(store, 4000, &k, sizeof k, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(store, YEAR_MS, k, 3, 40), 1);
    CHECK_EQ(pn_store_touch(store, YEAR_MS, &k, sizeof k, 0), PN_OK);
    CHECK_EQ(fixture_has(store, YEAR_MS, k, 3, 40), 0);
    fixture_close(store, 5000);
}

int
main(void)
{
    RUN(test_to_the_millisecond);
    RUN(test_clock_stands);
    RUN(test_end_of_time);
    RUN(test_class_borders);
    RUN(test_reclaim);
    RUN(test_writes_reclaim);
    RUN(test_touch);
    return harness_done();
}
