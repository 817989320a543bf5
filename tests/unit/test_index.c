/* Chains: items beyond the fifteenth of a bucket, their way forward when there is room
 * again, and what is given back. */
#include "fixture.h"

#include "store/handle.h"
#include "store/index.h"
#include "store/lock.h"

enum { TWINS = PN_BUCKET_SLOTS + 3 * PN_OVERFLOW_SLOTS };

/* TWINS keys of the bucket of key 1. */
static void
find_neighbours(struct pn_store *store, uint64_t keys[TWINS])
{
    struct pn_probe first, pb;
    uint64_t k = 1;
    pn_probe_init(store, &k, sizeof k, &first);
    for (unsigned n = 0; n < TWINS; k++) {
        pn_probe_init(store, &k, sizeof k, &pb);
        if (pb.shard == first.shard && pb.bucket == first.bucket) {
            keys[n++] = k;
        }
    }
}

static unsigned
chain_length(struct pn_store *store, uint64_t k)
{
    struct pn_probe pb;
    pn_probe_init(store, &k, sizeof k, &pb);
    struct pn_run run = pn_run_first(store, &pb);
    unsigned hops = 0;
    while (pn_run_next(store, &pb, &run)) {
        hops++;
    }
    return hops;
}

static void
check_all(struct pn_store *store, const uint64_t keys[TWINS], unsigned from)
{
    for (unsigned i = 0; i < TWINS; i++) {
        CHECK_EQ(fixture_has(store, 1000, keys[i], 1, 40), i >= from);
    }
}

static void
test_chain(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t keys[TWINS];
    find_neighbours(store, keys);
    for (unsigned i = 0; i < TWINS; i++) {
        CHECK_EQ(fixture_put(store, 1000, keys[i], 1, 40, PN_NO_TTL), PN_OK);
        unsigned over = i < PN_BUCKET_SLOTS ? 0 : i - PN_BUCKET_SLOTS + 1;
        CHECK_EQ(chain_length(store, keys[0]),
                 (over + PN_OVERFLOW_SLOTS - 1) / PN_OVERFLOW_SLOTS);
    }
    check_all(store, keys, 0);
    struct pn_store_report report = {0};
    CHECK_EQ(pn_store_check(store, 1000, &report), PN_OK);
    CHECK_EQ(report.overflow, 3);
    /* The oldest go first, from the home bucket: the others close up behind them. */
    for (unsigned i = 0; i < TWINS; i++) {
        CHECK_EQ(pn_store_delete(store, 1000, &keys[i], sizeof keys[i]), PN_OK);
        check_all(store, keys, i + 1);
        unsigned left = TWINS - i - 1;
        unsigned over = left < PN_BUCKET_SLOTS ? 0 : left - PN_BUCKET_SLOTS;
        CHECK_EQ(chain_length(store, keys[0]),
                 (over + PN_OVERFLOW_SLOTS - 1) / PN_OVERFLOW_SLOTS);
        CHECK_EQ(pn_store_check(store, 1000, &report), PN_OK);
    }
    fixture_close(store, 1000);
}

/* Every change of a chain changes the version of its bucket, and no read does. */
static void
test_version(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t k = 1;
    struct pn_probe pb;
    pn_probe_init(store, &k, sizeof k, &pb);
    struct pn_bucket *b = pn_bucket_at(store, pb.shard, pb.bucket);
    uint32_t version = b->version;
    CHECK_EQ(fixture_put(store, 1000, k, 1, 40, PN_NO_TTL), PN_OK);
    CHECK(b->version != version);
    version = b->version;
    CHECK_EQ(fixture_has(store, 1000, k, 1, 40), 1);
    CHECK_EQ(b->version, version);
    CHECK_EQ(fixture_put(store, 1000, k, 2, 40, PN_NO_TTL), PN_OK);
    CHECK(b->version != version);
    version = b->version;
    CHECK_EQ(pn_store_touch(store, 1000, &k, sizeof k, 100), PN_OK);
    CHECK(b->version != version);
    version = b->version;
    CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_OK);
    CHECK(b->version != version);
    fixture_close(store, 1000);
}

/* A ghost is remembered until it is taken, or as many newer ones came as there is
 * room for. */
static void
test_ghosts(void)
{
    enum { N = PN_GHOSTS + 1 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    uint64_t keys[TWINS];
    struct pn_probe pb[N];
    find_neighbours(store, keys);
    for (unsigned i = 0; i < N; i++) {
        pn_probe_init(store, &keys[i], sizeof keys[i], &pb[i]);
    }
    CHECK(!pn_ghost_take(store, &pb[0]));
    pn_ghost_put(store, &pb[0]);
    CHECK(pn_ghost_take(store, &pb[0]));
    CHECK(!pn_ghost_take(store, &pb[0]));
    for (unsigned i = 0; i < N; i++) {
        pn_ghost_put(store, &pb[i]);
    }
    CHECK(!pn_ghost_take(store, &pb[0]));
    CHECK(pn_ghost_take(store, &pb[5]));
    for (unsigned i = 1; i < N; i++) {
        CHECK_EQ(pn_ghost_take(store, &pb[i]), i != 5);
    }
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_chain);
    RUN(test_version);
    RUN(test_ghosts);
    return harness_done();
}
