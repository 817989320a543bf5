#include "../support/rng.h"
#include "fixture.h"

static int
put_tagged(struct pn_store *store, uint64_t k, const struct pn_tag *tags, uint8_t n)
{
    struct pn_put put = {.key = &k,
                         .klen = sizeof k,
                         .val = "v",
                         .vlen = 1,
                         .ttl_ms = PN_NO_TTL,
                         .tags = tags,
                         .ntags = n};
    return pn_store_put(store, 1000, &put, NULL);
}

static int
rc_of(struct pn_store *store, uint64_t k)
{
    char buf[8];
    struct pn_item item;
    return pn_store_get(store, 1000, &k, sizeof k, buf, sizeof buf, &item);
}

/* An item is gone when any of its tags is invalidated, and no other is. */
static void
test_any_of_them(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    for (uint32_t victim = 0; victim < PN_TAGS_MAX; victim++) {
        struct pn_tag tags[PN_TAGS_MAX];
        for (uint32_t t = 0; t < PN_TAGS_MAX; t++) {
            tags[t] = pn_store_tag(store, &t, sizeof t);
        }
        CHECK_EQ(put_tagged(store, 1, tags, PN_TAGS_MAX), PN_OK);
        CHECK_EQ(put_tagged(store, 2, NULL, 0), PN_OK);
        CHECK_EQ(rc_of(store, 1), PN_OK);
        CHECK_EQ(pn_store_invalidate(store, &victim, sizeof victim), PN_OK);
        CHECK_EQ(rc_of(store, 1), PN_MISS);
        CHECK_EQ(rc_of(store, 2), PN_OK);
    }
    CHECK_EQ(fixture_stats(store).invalidations, PN_TAGS_MAX);
    fixture_close(store, 1000);
}

/* Taken before the value is computed: an invalidation meanwhile wins. */
static void
test_in_between(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_tag tag = pn_store_tag(store, "user:7", 6);
    CHECK_EQ(pn_store_invalidate(store, "user:7", 6), PN_OK);
    CHECK_EQ(put_tagged(store, 1, &tag, 1), PN_OK);
    CHECK_EQ(rc_of(store, 1), PN_MISS);
    tag = pn_store_tag(store, "user:7", 6);
    CHECK_EQ(put_tagged(store, 1, &tag, 1), PN_OK);
    CHECK_EQ(rc_of(store, 1), PN_OK);
    fixture_close(store, 1000);
}

/* Dead by its tag is dead for writers too: add stores, replace does not. */
static void
test_writers_agree(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_tag tag = pn_store_tag(store, "t", 1);
    uint64_t k = 1;
    struct pn_put put = {
        .key = &k, .klen = sizeof k, .val = "w", .vlen = 1, .ttl_ms = PN_NO_TTL};
    CHECK_EQ(put_tagged(store, 1, &tag, 1), PN_OK);
    pn_store_invalidate(store, "t", 1);
    put.mode = PN_PUT_REPLACE;
    CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_MISS);
    CHECK_EQ(pn_store_touch(store, 1000, &k, sizeof k, 100), PN_MISS);
    CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_MISS);
    put.mode = PN_PUT_ADD;
    CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_OK);
    CHECK_EQ(pn_store_put(store, 1000, &put, NULL), PN_EXISTS);
    fixture_close(store, 1000);
}

/* Items that were moved to other segments keep their tags. */
static void
test_moved_items_keep_their_tags(void)
{
    enum { KEYS = 3000, FILLERS = 10000 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_tag tag = pn_store_tag(store, "all", 3);
    for (uint64_t i = 0; i < FILLERS; i++) {
        CHECK_EQ(fixture_put(store, 1000, KEYS + i, i, 200, PN_NO_TTL), PN_OK);
        CHECK_EQ(put_tagged(store, i % KEYS, &tag, 1), PN_OK);
    }
    for (uint64_t i = 0; i < 10 * FILLERS; i++) { /* holes everywhere: compaction */
        uint64_t k = KEYS + rng_mix(i) % FILLERS;
        CHECK_EQ(fixture_put(store, 1000, k, i, 200, PN_NO_TTL), PN_OK);
    }
    CHECK(fixture_stats(store).copied > KEYS);
    int there = 0;
    for (uint64_t k = 0; k < KEYS; k++) {
        there += rc_of(store, k) == PN_OK;
    }
    CHECK(there > KEYS / 2);
    pn_store_invalidate(store, "all", 3);
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(rc_of(store, k), PN_MISS);
    }
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_any_of_them);
    RUN(test_in_between);
    RUN(test_writers_agree);
    RUN(test_moved_items_keep_their_tags);
    return harness_done();
}
