/*
 * bench_lock - writers of two processes
 *
 * Spread: each process sets random keys of its own half; shards are locked one at a
 * time, so the two rarely meet. One key: both set the same key all the time, the worst
 * case a lock has. In both: how the rate of two compares with one, how long a single
 * put takes at the 99th percentile, and how many puts were skipped as busy.
 */
#include <stdio.h>

#include "fixture.h"
#include "parallel.h"
#include "report.h"
#include "timing.h"

static const char what[] = "two processes writing one shared region against one";

enum { VALUE = 100, CHUNK = 64, PREPARE_MS = 60 };

struct bench {
    struct pn_store *store;
    uint32_t items; /* keys written by each process; 1 = all the same key */
};

static void
write_keys(const struct worker *worker, struct tally *tally)
{
    struct rounds single = {0};
    struct tally found = {0};
    struct bench *bench = worker->ctx;
    uint64_t random = worker->number + 1;
    uint64_t first = bench->items == 1 ? 0 : (uint64_t)worker->number * bench->items;
    struct pn_put put = {
        .klen = KEY_SIZE, .val = fixture_value(), .vlen = VALUE, .ttl_ms = PN_NO_TTL};

    if (pn_store_after_fork(bench->store) != PN_OK) {
        report_fail("worker", "cannot join the region");
    }
    for (uint32_t i = 0; i < bench->items; i++) {
        fixture_put(bench->store, first + i, VALUE, PN_NO_TTL);
    }
    worker_wait(worker);
    while (!worker_is_done(worker)) {
        uint64_t begin = timing_now_ns();

        for (unsigned i = 0; i < CHUNK; i++) {
            struct bench_key key = bench_key(first + rng_below(&random, bench->items));

            put.key = &key;
            found.failures += pn_store_put(bench->store, PN_NOW, &put, NULL) != PN_OK;
            if (i == 0) { /* one in CHUNK alone, for the tail */
                rounds_add(&single, (double)(timing_now_ns() - begin));
            }
        }
        found.operations += CHUNK;
    }
    found.p99_ns = rounds_percentile(&single, 99);
    *tally = found;
}

static void
run_set(struct bench *bench, const char *set, uint64_t count, unsigned span_ms)
{
    const struct parallel parallel = {write_keys, bench, PREPARE_MS, span_ms};
    struct rounds one = {0}, two = {0}, ratio = {0}, tail = {0};
    struct tally tally[WORKERS_MAX];
    uint64_t skipped = 0;
    char name[64];

    for (uint64_t round = 0; round < count; round++) {
        struct pair pair = parallel_pair(&parallel, tally);

        rounds_add(&one, pair.alone / 1e6);
        rounds_add(&two, pair.both / 1e6);
        rounds_add(&ratio, pair.both / pair.alone);
        rounds_add(&tail, tally[0].p99_ns);
        skipped += tally[0].failures + tally[1].failures;
    }
    (void)snprintf(name, sizeof name, "write_1_process_%s", set);
    report_result(name, rounds_median(&one), "Mput/s", NO_TARGET);
    (void)snprintf(name, sizeof name, "write_2_processes_%s", set);
    report_result(name, rounds_median(&two), "Mput/s", NO_TARGET);
    (void)snprintf(name, sizeof name, "write_scaling_%s", set);
    report_result(name, rounds_median(&ratio), "times", NO_TARGET);
    (void)snprintf(name, sizeof name, "write_2_processes_%s_put_p99", set);
    report_result(name, rounds_median(&tail), "ns", NO_TARGET);
    (void)snprintf(name, sizeof name, "write_2_processes_%s_skipped", set);
    report_result(name, (double)skipped, "puts", NO_TARGET);
}

int
main(int argc, char **argv)
{
    uint64_t count = 15;
    uint64_t span_ms = 100;
    const struct option_spec options[] = {
        {"rounds", "rounds", &count, 0},
        {"span", "milliseconds of a round", &span_ms, 0},
        {0},
    };
    struct bench bench = {0};

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    bench.store = fixture_open_shared(64u << 20, KEY_SIZE + VALUE);
    bench.items = 20000;
    run_set(&bench, "spread", count, (unsigned)span_ms);
    bench.items = 1;
    run_set(&bench, "one_key", count, (unsigned)span_ms);
    pn_store_close(bench.store);
    return 0;
}
