#define _GNU_SOURCE
#include "fixture.h"

#include "store/layout.h"

#include <pthread.h>

static int
put_with(struct pn_store *store, const char *key, const struct pn_lease *lease)
{
    struct pn_put put = {.key = key,
                         .klen = strlen(key),
                         .val = "v",
                         .vlen = 1,
                         .ttl_ms = PN_NO_TTL,
                         .lease = lease};
    return pn_store_put(store, 1000, &put, NULL);
}

static int
lease_of(struct pn_store *store, uint64_t now_ms, const char *key, struct pn_lease *out)
{
    return pn_store_lease(store, now_ms, key, strlen(key), 100, out);
}

/* One holder; the deadline, to the millisecond, is when another may have it. */
static void
test_one_holder(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_lease a, b;
    CHECK_EQ(lease_of(store, 1000, "k", &a), PN_OK);
    CHECK_EQ(a.deadline_ms, 1100);
    CHECK_EQ(lease_of(store, 1000, "other", &b), PN_OK);
    CHECK_EQ(lease_of(store, 1099, "k", &b), PN_HELD);
    CHECK_EQ(b.deadline_ms, 1100);
    CHECK_EQ(lease_of(store, 1100, "k", &b), PN_OK);
    CHECK_EQ(fixture_stats(store).lease_takeovers, 1);
    CHECK_EQ(put_with(store, "k", &a), PN_FENCED);
    CHECK_EQ(put_with(store, "k", &b), PN_OK);
    CHECK_EQ(pn_store_lease_end(store, &a), PN_FENCED);
    CHECK_EQ(pn_store_lease_renew(store, 1150, &a, 100), PN_FENCED);
    CHECK_EQ(pn_store_lease_renew(store, 1150, &b, 100), PN_OK);
    CHECK_EQ(b.deadline_ms, 1250);
    CHECK_EQ(lease_of(store, 1249, "k", &a), PN_HELD);
    CHECK_EQ(pn_store_lease_end(store, &b), PN_OK);
    CHECK_EQ(pn_store_lease_end(store, &b), PN_FENCED);
    CHECK_EQ(lease_of(store, 1249, "k", &a), PN_OK);
    fixture_close(store, 1300);
}

/* What ends a lease, so that a load which began before is not stored after. */
static void
test_fences(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct pn_lease lease;
    int64_t value;
    struct pn_incr incr = {.key = "k", .klen = 1, .ttl_ms = PN_NO_TTL, .create = 1};
    for (int how = 0; how < 4; how++) {
        pn_store_delete(store, 1000, "k", 1);
        CHECK_EQ(lease_of(store, 1000, "k", &lease), PN_OK);
        switch (how) {
        case 0:
            CHECK_EQ(pn_store_delete(store, 1000, "k", 1), PN_MISS);
            break;
        case 1:
            CHECK_EQ(put_with(store, "k", NULL), PN_OK);
            break;
        case 2:
            CHECK_EQ(pn_store_incr(store, 1000, &incr, &value), PN_OK);
            break;
        default:
            CHECK_EQ(pn_store_clear(store), PN_OK);
        }
        CHECK_EQ(put_with(store, "k", &lease), PN_FENCED);
    }
    CHECK_EQ(fixture_stats(store).fenced, 4);
    /* A lease is for its key. */
    CHECK_EQ(lease_of(store, 2000, "k2", &lease), PN_OK);
    CHECK_EQ(put_with(store, "k3", &lease), PN_FENCED);
    CHECK_EQ(put_with(store, "k2", &lease), PN_OK);
    fixture_close(store, 2000);
}

/* When all records are taken, leases are granted without one: work goes on, it is
 * only not held back. */
static void
test_table_full(void)
{
    enum { LEASES = PN_LEASE_PER_SHARD * 64 };
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    unsigned with = 0, without = 0;
    for (unsigned i = 0; i < LEASES; i++) {
        char key[16];
        struct pn_lease lease;
        snprintf(key, sizeof key, "key%u", i);
        CHECK_EQ(lease_of(store, 1000, key, &lease), PN_OK);
        *(lease.token != 0 ? &with : &without) += 1;
        CHECK_EQ(put_with(store, key, &lease), PN_OK);
    }
    struct pn_store_stats stats = fixture_stats(store);
    CHECK_EQ(with, stats.shards * PN_LEASE_PER_SHARD);
    CHECK_EQ(with + without, LEASES);
    struct pn_lease lease; /* when they are past their deadline, records are free */
    CHECK_EQ(lease_of(store, 1100, "fresh", &lease), PN_OK);
    CHECK(lease.token != 0);
    fixture_close(store, 1100);
}

struct waiting {
    struct pn_store *store;
    struct pn_lease lease;
    int rc;
};

static void *
wait_for_it(void *arg)
{
    struct waiting *w = arg;
    w->rc = pn_store_lease_wait(w->store, &w->lease, 60000);
    return NULL;
}

/* A waiter wakes at the end of the lease, far before its time-out; and one who comes
 * late does not sleep at all. */
static void
test_wait(void)
{
    struct pn_store *store = fixture_open(FIXTURE_SIZE, 0);
    struct waiting w = {.store = store};
    struct pn_lease held;
    pthread_t thread;
    CHECK_EQ(lease_of(store, 1000, "k", &held), PN_OK);
    CHECK_EQ(lease_of(store, 1000, "k", &w.lease), PN_HELD);
    CHECK_EQ(pn_store_lease_wait(store, &w.lease, 1), PN_TIMEOUT);
    CHECK_EQ(pthread_create(&thread, NULL, wait_for_it, &w), 0);
    CHECK_EQ(pn_store_lease_end(store, &held), PN_OK);
    pthread_join(thread, NULL);
    CHECK_EQ(w.rc, PN_OK);
    CHECK_EQ(pn_store_lease_wait(store, &w.lease, 60000), PN_OK);
    fixture_close(store, 1000);
}

int
main(void)
{
    RUN(test_one_holder);
    RUN(test_fences);
    RUN(test_table_full);
    RUN(test_wait);
    return harness_done();
}
