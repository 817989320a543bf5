/* A region by itself: made, joined, left, joined again. Refusals and races are in
 * tests/crash/attach_test.c, forks in fork_test.c. */
#define _GNU_SOURCE
#include "../support/scratch.h"
#include "fixture.h"

#include "store/handle.h"

static struct pn_store *
open_shared(void)
{
    struct pn_store_opts opts = {.size = FIXTURE_SIZE, .dir = scratch_path()};
    struct pn_store *store = NULL;
    CHECK_EQ(pn_store_open_shared("region", &opts, &store, NULL), PN_OK);
    return store;
}

static void
test_join(void)
{
    struct pn_store *a = open_shared(), *b = open_shared();
    CHECK(a->base != b->base); /* two mappings, the same bytes */
    CHECK(memcmp(a->base, b->base, PN_PAGE) == 0);
    CHECK_EQ(fixture_put(a, PN_NOW, 1, 1, 40, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(b, PN_NOW, 1, 1, 40), 1);
    CHECK_EQ(fixture_put(b, PN_NOW, 1, 2, 100000, PN_NO_TTL), PN_OK);
    CHECK_EQ(fixture_has(a, PN_NOW, 1, 2, 100000), 1);
    CHECK_EQ(pn_store_clear(a), PN_OK);
    CHECK_EQ(fixture_has(b, PN_NOW, 1, 2, 100000), 0);
    pn_store_close(a);
    fixture_close(b, PN_NOW);
}

/* What everybody left is there for the next, after it has looked it over. */
static void
test_left_and_found(void)
{
    struct pn_store *store = open_shared();
    for (uint64_t k = 0; k < 2000; k++) {
        CHECK_EQ(fixture_put(store, PN_NOW, k, 1, 60, PN_NO_TTL), PN_OK);
    }
    pn_store_close(store);
    store = open_shared();
    CHECK_EQ(fixture_stats(store).items, 2000);
    CHECK_EQ(fixture_stats(store).wipes, 0);
    for (uint64_t k = 0; k < 2000; k++) {
        CHECK_EQ(fixture_has(store, PN_NOW, k, 1, 60), 1);
    }
    fixture_close(store, PN_NOW);
}

/* Damage that the dead left is found at the door: the shard is emptied, counted, and
 * the others are as they were. */
static void
test_damage_at_the_door(void)
{
    struct pn_store *store = open_shared();
    uint64_t items = fixture_stats(store).items;
    uint64_t lost = pn_shard_at(store, 0)->items;
    pn_bucket_at(store, 0, 0)->slot[3] = 0x1234567890abcdefu;
    pn_store_close(store);
    store = open_shared();
    CHECK_EQ(fixture_stats(store).wipes, 1);
    CHECK_EQ(fixture_stats(store).items, items - lost);
    fixture_close(store, PN_NOW);
}

int
main(void)
{
    if (scratch_make() == NULL) {
        printf("Bail out! no scratch directory\n");
        return 1;
    }
    RUN(test_join);
    RUN(test_left_and_found);
    RUN(test_damage_at_the_door);
    return harness_done();
}
