/*
 * threads of one process on one private store, for ThreadSanitizer
 *
 * Readers and writers of the same few keys, groups, leases and statistics at
 * once. The values are patterns, so that a torn copy is seen also when the
 * sanitizer looks elsewhere. Bounded by operations, not by time.
 */
#include "../support/pattern.h"
#include "../support/rng.h"
#include "harness.h"
#include "pinyon/store.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 4, OPS = 6000, KEYS = 64, COUNTERS = 4, CAP = 40000 };

struct crowd {
    struct pn_store *store;
    _Atomic uint64_t counted[COUNTERS], reads;
    _Atomic uint64_t seq;
    unsigned char *bufs;
    bool has_clears; /* then counters may vanish and are not judged */
};

struct member {
    struct crowd *crowd;
    struct rng rng;
    unsigned char *buf;
};

static size_t
size_of(uint64_t k, uint64_t seq)
{
    uint64_t r = rng_mix(k + seq * 64);
    return PATTERN_HEAD + (r % 64 == 0 ? r % (CAP - PATTERN_HEAD) : r % 700);
}

static void
write_key(struct member *m, uint64_t k)
{
    uint64_t seq = atomic_fetch_add(&m->crowd->seq, 1);
    struct pn_tag tag = pn_store_tag(m->crowd->store, "tag", 3);
    struct pn_put put = {.key = &k,
                         .klen = sizeof k,
                         .val = m->buf,
                         .vlen = size_of(k, seq),
                         .ttl_ms = seq % 3 == 0 ? 1 + seq % 50 : PN_NO_TTL,
                         .tags = &tag,
                         .ntags = seq % 2};
    pattern_fill(m->buf, put.vlen, k, seq);
    int rc = pn_store_put(m->crowd->store, PN_NOW, &put, NULL);
    CHECK(rc == PN_OK || rc == PN_BUSY);
}

static void
read_key(struct member *m, uint64_t k)
{
    struct pn_item item;
    int rc = pn_store_get(m->crowd->store, PN_NOW, &k, sizeof k, m->buf, CAP, &item);
    if (rc == PN_OK && CHECK(item.vlen >= PATTERN_HEAD)) {
        uint64_t seq = pattern_seq(m->buf);
        CHECK_EQ(item.vlen, size_of(k, seq));
        CHECK(pattern_holds(m->buf, item.vlen, k, seq));
        atomic_fetch_add(&m->crowd->reads, 1);
    } else {
        CHECK(rc == PN_OK || rc == PN_MISS || rc == PN_BUSY);
    }
}

static void
count_one(struct member *m)
{
    uint64_t k = 1000 + rng_below(&m->rng, COUNTERS);
    struct pn_incr incr = {.key = &k,
                           .klen = sizeof k,
                           .delta = 1,
                           .initial = 1,
                           .ttl_ms = PN_NO_TTL,
                           .create = 1};
    int64_t value;
    int rc = pn_store_incr(m->crowd->store, PN_NOW, &incr, &value);
    if (rc == PN_OK) {
        atomic_fetch_add(&m->crowd->counted[k - 1000], 1);
    } else {
        CHECK_EQ(rc, PN_BUSY);
    }
}

static int
ignore(void *ctx, const void *key, size_t klen, const struct pn_item *item)
{
    (void)ctx, (void)key, (void)item;
    return klen == sizeof(uint64_t) ? 0 : 1;
}

static void
do_rare(struct member *m, uint64_t k)
{
    struct pn_store *store = m->crowd->store;
    struct pn_lease lease;
    struct pn_store_stats stats;
    uint64_t cursor = 0;
    switch (rng_below(&m->rng, 7)) {
    case 6:
        if (m->crowd->has_clears) {
            pn_store_clear(store);
        }
        break;
    case 0:
        pn_store_invalidate(store, "tag", 3);
        break;
    case 1:
        CHECK_EQ(pn_store_stats(store, &stats), PN_OK);
        break;
    case 2:
        CHECK_EQ(pn_store_scan(store, PN_NOW, &cursor, ignore, NULL), PN_OK);
        break;
    case 3:
        pn_store_maintain(store, PN_NOW, 100);
        break;
    default:
        if (pn_store_lease(store, PN_NOW, &k, sizeof k, 1000, &lease) == PN_OK) {
            pn_store_lease_end(store, &lease);
        } else {
            pn_store_lease_wait(store, &lease, 1);
        }
    }
}

static void *
live(void *arg)
{
    struct member *m = arg;
    for (int i = 0; i < OPS; i++) {
        uint64_t k = rng_below(&m->rng, KEYS);
        uint32_t how = rng_below(&m->rng, 100);
        if (how < 30) {
            write_key(m, k);
        } else if (how < 35) {
            pn_store_delete(m->crowd->store, PN_NOW, &k, sizeof k);
        } else if (how < 38) {
            pn_store_touch(m->crowd->store, PN_NOW, &k, sizeof k, 5);
        } else if (how < 45) {
            count_one(m);
        } else if (how < 48) {
            do_rare(m, k);
        } else {
            read_key(m, k);
        }
    }
    return NULL;
}

static void
run(struct crowd *crowd)
{
    pthread_t thread[THREADS];
    struct member member[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        member[i] = (struct member){.crowd = crowd,
                                    .rng = {.state = i + 1},
                                    .buf = crowd->bufs + (size_t)i * CAP};
        CHECK_EQ(pthread_create(&thread[i], NULL, live, &member[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
}

static void
check_counters(struct crowd *crowd)
{
    for (uint64_t i = 0; i < COUNTERS; i++) {
        uint64_t k = 1000 + i;
        int64_t value = 0;
        struct pn_item item;
        int rc = pn_store_get(crowd->store, PN_NOW, &k, sizeof k, &value, 8, &item);
        CHECK_EQ(rc, PN_OK);
        CHECK_EQ(value, crowd->counted[i]);
    }
}

static void
run_all(bool has_clears)
{
    struct pn_store_opts opts = {.size = 4u << 20, .write_wait_ms = 10000};
    struct crowd crowd = {.bufs = malloc((size_t)THREADS * CAP),
                          .has_clears = has_clears};
    CHECK_EQ(pn_store_open_private(&opts, &crowd.store, NULL), PN_OK);
    run(&crowd);
    CHECK(crowd.reads > 0);
    if (!has_clears) {
        check_counters(&crowd);
    }
    struct pn_store_report report = {0};
    if (!CHECK_EQ(pn_store_check(crowd.store, PN_NOW, &report), PN_OK)) {
        printf("# %s\n", report.first);
    }
    pn_store_close(crowd.store);
    free(crowd.bufs);
}

static void
test_threads(void)
{
    run_all(false);
}

static void
test_threads_and_clear(void)
{
    run_all(true);
}

int
main(void)
{
    RUN(test_threads);
    RUN(test_threads_and_clear);
    return harness_done();
}
