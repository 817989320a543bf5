#include "fixture.h"

#include "store/handle.h"

static void
test_all_is_gone(void)
{
    enum { KEYS = 5000 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (uint64_t round = 0; round < 5; round++) {
        for (uint64_t k = 0; k < KEYS; k++) {
            CHECK_EQ(fixture_put(store, 1000, k, round, 60 + k % 100, PN_NO_TTL),
                     PN_OK);
        }
        CHECK_EQ(fixture_put(store, 1000, KEYS, round, 100000, PN_NO_TTL), PN_OK);
        CHECK_EQ(pn_store_clear(store), PN_OK);
        CHECK_EQ(fixture_has(store, 1000, KEYS, round, 100000), 0);
        for (uint64_t k = 0; k < KEYS; k++) {
            CHECK_EQ(fixture_has(store, 1000, k, round, 60 + k % 100), 0);
        }
    }
    CHECK_EQ(fixture_stats(store).clears, 5);
    fixture_close(store, 1000);
}

/* Before any memory has been given back, what is stored after is there, and what was
 * stored before stays away: from reads, writes and walks. */
static void
test_before_and_after(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t old = 1, new = 2;
    CHECK_EQ(fixture_put(store, 1000, old, 1, 40, PN_NO_TTL), PN_OK);
    CHECK_EQ(pn_store_clear(store), PN_OK);
    CHECK_EQ(fixture_put(store, 1000, new, 1, 40, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(store, 1000, new, 1, 40), 1);
    CHECK_EQ(pn_store_touch(store, 1000, &old, sizeof old, 100), PN_MISS);
    CHECK_EQ(pn_store_delete(store, 1000, &old, sizeof old), PN_MISS);
    fixture_close(store, 1000);
}

/* Once the old segments are gone, reads need not look for them any more. */
static void
test_settles(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_super *super = pn_super_of(store);
    for (uint64_t k = 0; k < 2000; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 100, PN_NO_TTL), PN_OK);
    }
    pn_store_clear(store);
    CHECK(super->clear_done != super->clear_gen);
    for (uint64_t i = 0; i < 200; i++) {
        CHECK_EQ(fixture_put(store, 1000 + i * 10, 5000, i, 100, PN_NO_TTL), PN_OK);
    }
    CHECK_EQ(super->clear_done, super->clear_gen);
    CHECK_EQ(fixture_stats(store).items, 1);
    CHECK_EQ(fixture_has(store, 4000, 5000, 199, 100), 1);
    fixture_close(store, 4000);
}

int
main(void)
{
    RUN(test_all_is_gone);
    RUN(test_before_and_after);
    RUN(test_settles);
    return harness_done();
}
