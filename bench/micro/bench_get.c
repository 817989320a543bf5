/*
 * bench_get - one get at a time of a small hot set, in nanoseconds
 *
 * 1000 keys of 16 bytes with values of 100 bytes: what a service's hottest objects look
 * like. Everything fits the CPU's second-level cache, so this is the cost of the code.
 * Hits, absent keys and hits on items with an expiry take turns within each round.
 */
#include <stdio.h>

#include "fixture.h"
#include "report.h"
#include "timing.h"

static const char what[] = "a hot get: 16-byte key, 100-byte value, 1000 keys";

enum { KEYS = 1000, VALUE = 100, WARM_UP = 20 };

/* Key numbers: three disjoint ranges. */
enum { PLAIN = 0, EXPIRING = KEYS, ABSENT = 2 * KEYS };

/* Mean ns of a get over GETS calls on the keys FIRST .. FIRST + KEYS - 1. The stride is
 * prime to KEYS: every key is met, neighbours in memory are not met in order. */
static double
measure(struct pn_store *store, const struct bench_key *key, uint64_t gets,
        uint64_t now_ms, bool is_hit)
{
    char buf[VALUE];
    struct pn_item item;
    uint64_t hits = 0;
    unsigned at = 0;
    uint64_t start = timing_cpu_ns();

    for (uint64_t i = 0; i < gets; i++) {
        hits += pn_store_get(store, now_ms, &key[at], KEY_SIZE, buf, sizeof buf,
                             &item) == PN_OK;
        at += 7;
        at -= at >= KEYS ? KEYS : 0;
    }
    timing_keep(hits);
    start = timing_cpu_ns() - start;
    if (hits != (is_hit ? gets : 0)) {
        report_fail("get", "did not find what was stored, or found what was not");
    }
    return (double)start / (double)gets;
}

int
main(int argc, char **argv)
{
    uint64_t count = 300;
    uint64_t gets = 50000;
    const struct option_spec options[] = {
        {"rounds", "rounds, at most 4000", &count, 0},
        {"gets", "gets in a round", &gets, 0},
        {0},
    };
    struct rounds plain = {0}, expiring = {0}, dated = {0}, absent = {0};
    struct pn_store *store;
    struct bench_key key[3 * KEYS];

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    report_pin(1);
    store = fixture_open(64u << 20, KEY_SIZE + VALUE);
    for (unsigned i = 0; i < 3 * KEYS; i++) {
        key[i] = bench_key(i);
        if (i < ABSENT) {
            fixture_put(store, i, VALUE, i < EXPIRING ? PN_NO_TTL : 3600000);
        }
    }
    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        uint64_t now_ms = pn_store_now(store);
        double a = measure(store, key + PLAIN, gets, PN_NOW, true);
        double b = measure(store, key + EXPIRING, gets, PN_NOW, true);
        double c = measure(store, key + EXPIRING, gets, now_ms, true);
        double d = measure(store, key + ABSENT, gets, PN_NOW, false);

        if (round >= WARM_UP) {
            rounds_add(&plain, a);
            rounds_add(&expiring, b);
            rounds_add(&dated, c);
            rounds_add(&absent, d);
        }
    }
    pn_store_close(store);
    report_result("get_hot_100", rounds_median(&plain), "ns", AT_MOST(60));
    report_result("get_hot_100_round_p99", rounds_percentile(&plain, 99), "ns",
                  NO_TARGET);
    report_result("get_hot_100_ttl", rounds_median(&expiring), "ns", NO_TARGET);
    report_result("get_hot_100_ttl_now_given", rounds_median(&dated), "ns", NO_TARGET);
    report_result("get_absent", rounds_median(&absent), "ns", NO_TARGET);
    return 0;
}
