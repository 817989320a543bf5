#include "fixture.h"

#include "store/handle.h"

#include <pthread.h>
#include <sched.h>

enum { KEYS = 3000 };

struct walk {
    uint8_t seen[KEYS];
    unsigned items, stop_at;
};

static int
see(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    struct walk *walk = ctx;
    uint64_t k = KEYS;
    if (walk->stop_at != 0 && walk->items + 1 == walk->stop_at) {
        return 42;
    }
    walk->items++;
    if (CHECK_EQ(klen, sizeof k)) {
        memcpy(&k, key, sizeof k);
    }
    if (CHECK(k < KEYS)) {
        walk->seen[k]++;
        CHECK_EQ(item->vlen, 20 + k % 50);
    }
    return 0;
}

/* Each live item once, none of the others. */
static void
test_all_once(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct walk walk = {.items = 0};
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 20 + k % 50, k % 3 ? PN_NO_TTL : 500),
                 PN_OK);
    }
    for (uint64_t k = 1; k < KEYS; k += 3) {
        CHECK_EQ(pn_store_delete(store, 1000, &k, sizeof k), PN_OK);
    }
    uint64_t cursor = 0;
    do {
        CHECK_EQ(pn_store_scan(store, 1500, &cursor, see, &walk), PN_OK);
    } while (cursor != 0);
    for (unsigned k = 0; k < KEYS; k++) {
        CHECK_EQ(walk.seen[k], k % 3 == 2);
    }
    pn_store_clear(store);
    walk.items = 0;
    do {
        CHECK_EQ(pn_store_scan(store, 1500, &cursor, see, &walk), PN_OK);
    } while (cursor != 0);
    CHECK_EQ(walk.items, 0);
    fixture_close(store, 1500);
}

/* What the visitor says comes back, and the part is seen again: nothing is lost. */
static void
test_stopped(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct walk walk = {.stop_at = 10};
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 20 + k % 50, PN_NO_TTL), PN_OK);
    }
    uint64_t cursor = 0;
    int rc, stops = 0;
    do {
        rc = pn_store_scan(store, 1000, &cursor, see, &walk);
        if (rc == 42) {
            stops++;
            walk.stop_at = 0;
        }
    } while (rc != PN_OK || cursor != 0);
    CHECK_EQ(stops, 1);
    for (unsigned k = 0; k < KEYS; k++) {
        CHECK(walk.seen[k] >= 1);
    }
    fixture_close(store, 1000);
}

/* Writes between the parts do not make an item that stays be missed. */
static void
test_while_written(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct walk walk = {.items = 0};
    for (uint64_t k = 0; k < KEYS; k++) {
        CHECK_EQ(fixture_put(store, 1000, k, 1, 20 + k % 50, PN_NO_TTL), PN_OK);
    }
    uint64_t cursor = 0, i = 0;
    do {
        CHECK_EQ(pn_store_scan(store, 1000, &cursor, see, &walk), PN_OK);
        for (int n = 0; n < 20; n++, i++) {
            uint64_t k = (i * 31) % KEYS;
            CHECK_EQ(fixture_put(store, 1000, k, i, 20 + k % 50, PN_NO_TTL), PN_OK);
        }
    } while (cursor != 0);
    for (unsigned k = 0; k < KEYS; k++) {
        CHECK(walk.seen[k] >= 1);
    }
    fixture_close(store, 1000);
}

/* The keys of one bucket, more than it has slots. The first GOING are stored first and
 * then deleted, and at each going one of the others moves forward in the chain. */
enum { NEIGHBOURS = 36, GOING = 18, ROUNDS = 1000 };

struct chain {
    struct pn_store *store;
    uint64_t key[NEIGHBOURS];
    uint8_t seen[NEIGHBOURS];
    atomic_uint go, done; /* rounds begun and ended */
};

static void
find_chain(struct chain *chain)
{
    struct pn_probe first, pb;
    uint64_t k = 1;
    pn_probe_init(chain->store, &k, sizeof k, &first);
    for (unsigned n = 0; n < NEIGHBOURS; k++) {
        pn_probe_init(chain->store, &k, sizeof k, &pb);
        if (pb.shard == first.shard && pb.bucket == first.bucket) {
            chain->key[n++] = k;
        }
    }
}

static void *
let_go(void *arg)
{
    struct chain *chain = arg;
    for (unsigned round = 1; round <= ROUNDS; round++) {
        while (atomic_load(&chain->go) < round) {
            sched_yield();
        }
        for (unsigned i = 0; i < GOING; i++) {
            pn_store_delete(chain->store, 1000, &chain->key[i], sizeof chain->key[i]);
        }
        atomic_store(&chain->done, round);
    }
    return NULL;
}

static int
see_chain(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    struct chain *chain = ctx;
    (void)item;
    for (unsigned i = 0; i < NEIGHBOURS; i++) {
        if (klen == 8 && memcmp(&chain->key[i], key, 8) == 0) {
            chain->seen[i] = 1;
        }
    }
    return 0;
}

static void
fill_chain(struct chain *chain)
{
    for (unsigned i = 0; i < NEIGHBOURS; i++) {
        pn_store_delete(chain->store, 1000, &chain->key[i], sizeof chain->key[i]);
    }
    for (unsigned i = 0; i < NEIGHBOURS; i++) {
        fixture_put(chain->store, 1000, chain->key[i], 1, 20, PN_NO_TTL);
    }
}

/* The cursor before the part in which the chain stands. */
static uint64_t
cursor_of(struct chain *chain)
{
    uint64_t cursor = 0, before;
    do {
        before = cursor;
        CHECK_EQ(pn_store_scan(chain->store, 1000, &cursor, see_chain, chain), PN_OK);
    } while (chain->seen[0] == 0 && cursor != 0);
    return before;
}

/* An item that is there all the time is seen, though it moves under the walk. */
static void
test_while_moved(void)
{
    struct chain chain = {.store = fixture_open(FIXTURE_SIZE, 0)};
    pthread_t thread;
    unsigned missed = 0;
    find_chain(&chain);
    fill_chain(&chain);
    uint64_t part = cursor_of(&chain);
    CHECK_EQ(pthread_create(&thread, NULL, let_go, &chain), 0);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        fill_chain(&chain);
        atomic_store(&chain.go, round);
        do {
            uint64_t cursor = part;
            memset(chain.seen, 0, sizeof chain.seen);
            pn_store_scan(chain.store, 1000, &cursor, see_chain, &chain);
            for (unsigned i = GOING; i < NEIGHBOURS; i++) {
                missed += chain.seen[i] == 0;
            }
        } while (atomic_load(&chain.done) < round);
    }
    pthread_join(thread, NULL);
    CHECK_EQ(missed, 0);
    fixture_close(chain.store, 1000);
}

/* A cursor from elsewhere ends the walk; it does not lead out of the store. */
static void
test_wild_cursor(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct walk walk = {.items = 0};
    static const uint64_t wild[] = {UINT64_MAX, 1ull << 63, 1ull << 32, 123456789};
    for (unsigned i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        uint64_t cursor = wild[i];
        CHECK_EQ(pn_store_scan(store, 1000, &cursor, see, &walk), PN_OK);
        CHECK_EQ(cursor, 0);
    }
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_all_once);
    RUN(test_stopped);
    RUN(test_while_written);
    RUN(test_while_moved);
    RUN(test_wild_cursor);
    return harness_done();
}
