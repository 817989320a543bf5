/*
 * bench_batch - gets one by one against gets in batches, when memory is far away
 *
 * 8 million items of 16-byte key and 64-byte value are about 1 GiB, thirty times a
 * large CPU cache: nearly every get misses it twice, on the bucket and on the item. A
 * batch lets these misses overlap. Serial and batched rounds are interleaved, and the
 * ratio is the median of the rounds' ratios.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "report.h"
#include "timing.h"

static const char what[] = "serial get against get_many, data larger than the caches";

enum { VALUE = 64, BATCH_MAX = 128, WARM_UP = 3 };

static const unsigned batches[] = {8, 16, 32, 64, 128};
enum { BATCHES = sizeof batches / sizeof *batches };

struct bench {
    struct pn_store *store;
    uint32_t items;
    uint32_t gets;
    uint64_t random; /* state: goes on from round to round, so no key is warm */
    struct rounds serial_ns, batch_ns[BATCHES], batch_ratio[BATCHES];
};

/* Draws the next BATCH_MAX keys. Both ways of reading get them in this form: a key
 * made just before its get would hold the processor back from running gets side by
 * side, and flatter the batch (measured: 1.7 times faster with a get_many that is a
 * plain loop). */
static void
draw_keys(struct bench *bench, struct bench_key *key)
{
    for (unsigned i = 0; i < BATCH_MAX; i++) {
        key[i] = bench_key(rng_below(&bench->random, bench->items));
    }
}

static uint64_t
read_serial(struct bench *bench, const struct bench_key *key)
{
    char buf[BATCH_MAX][VALUE];
    struct pn_item item;
    uint64_t hits = 0;

    for (unsigned i = 0; i < BATCH_MAX; i++) {
        hits += pn_store_get(bench->store, PN_NOW, &key[i], KEY_SIZE, buf[i], VALUE,
                             &item) == PN_OK;
    }
    timing_keep((uint64_t)buf[0][0]);
    return hits;
}

static uint64_t
read_batches(struct bench *bench, const struct bench_key *key, unsigned size)
{
    char buf[BATCH_MAX][VALUE];
    struct pn_get get[BATCH_MAX];
    uint64_t hits = 0;

    for (unsigned at = 0; at < BATCH_MAX; at += size) {
        for (unsigned i = 0; i < size; i++) {
            get[i] = (struct pn_get){
                .key = &key[at + i], .klen = KEY_SIZE, .buf = buf[i], .cap = VALUE};
        }
        hits += pn_store_get_many(bench->store, PN_NOW, get, size);
    }
    timing_keep((uint64_t)buf[0][0]);
    return hits;
}

/* Mean ns of a get, in batches of SIZE or, with 0, one by one. */
static double
measure(struct bench *bench, unsigned size)
{
    struct bench_key key[BATCH_MAX];
    uint64_t hits = 0;
    uint32_t done = 0;
    uint64_t start = timing_cpu_ns();

    for (; done < bench->gets; done += BATCH_MAX) {
        draw_keys(bench, key);
        hits += size == 0 ? read_serial(bench, key) : read_batches(bench, key, size);
    }
    start = timing_cpu_ns() - start;
    if (hits != done) {
        report_fail("get", "an item is missing: the region is too small");
    }
    return (double)start / done;
}

static void
run_round(struct bench *bench, bool is_counted)
{
    double serial = measure(bench, 0);

    if (is_counted) {
        rounds_add(&bench->serial_ns, serial);
    }
    for (unsigned b = 0; b < BATCHES; b++) {
        double batched = measure(bench, batches[b]);

        if (is_counted) {
            rounds_add(&bench->batch_ns[b], batched);
            rounds_add(&bench->batch_ratio[b], serial / batched);
        }
    }
}

int
main(int argc, char **argv)
{
    uint64_t items = 8000000;
    uint64_t gets = 200000;
    uint64_t count = 40;
    const struct option_spec options[] = {
        {"items", "items stored", &items, 0},
        {"gets", "gets in a round", &gets, 0},
        {"rounds", "rounds", &count, 0},
        {0},
    };
    struct bench bench = {.random = 1};

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    report_pin(1);
    bench.items = (uint32_t)items;
    bench.gets = (uint32_t)gets;
    /* Half as much again as the items need, so that nothing is evicted. */
    bench.store = fixture_open((16u << 20) + items * 160, KEY_SIZE + VALUE);
    for (uint64_t i = 0; i < items; i++) {
        fixture_put(bench.store, i, VALUE, PN_NO_TTL);
    }
    for (uint64_t round = 0; round < count + WARM_UP; round++) {
        run_round(&bench, round >= WARM_UP);
    }
    pn_store_close(bench.store);
    report_result("get_far_serial", rounds_median(&bench.serial_ns), "ns", NO_TARGET);
    for (unsigned b = 0; b < BATCHES; b++) {
        char name[64];

        (void)snprintf(name, sizeof name, "get_many_far_%u", batches[b]);
        report_result(name, rounds_median(&bench.batch_ns[b]), "ns/key", NO_TARGET);
        (void)snprintf(name, sizeof name, "get_many_ratio_%u", batches[b]);
        report_result(name, rounds_median(&bench.batch_ratio[b]), "times",
                      AT_LEAST(1.5));
    }
    return 0;
}
