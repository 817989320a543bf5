/*
 * bench_scale - do readers of two processes get in each other's way?
 *
 * One process reads a shared region, then two do, each on its own CPU, in turns. Twice
 * the rate is the ideal; anything a reader writes to shared memory, and the machine's
 * own shared parts, take from it. Two sets of keys: hot (1000 keys, the same for both,
 * where a shared cache line would hurt most) and wide (all keys).
 */
#include <stdio.h>

#include "fixture.h"
#include "parallel.h"
#include "report.h"
#include "timing.h"

static const char what[] = "two processes reading one shared region against one";

enum {
    VALUE = 100,
    HOT = 1000,
    CHUNK = 512,
    PREPARE_MS = 60
};

struct bench {
    struct pn_store *store;
    uint32_t items;
    uint32_t range; /* keys read: HOT or all */
};

static void
read_keys(const struct worker *worker, struct tally *tally)
{
    struct bench *bench = worker->ctx;
    uint64_t random = worker->number + 1;
    uint64_t missing = 0;
    char buf[VALUE];

    if (pn_store_after_fork(bench->store) != PN_OK) {
        report_fail("worker", "cannot join the region");
    }
    /* First touch of every page by this process, and counters of the hot keys to their
     * limit: both happen once in a life and are not what is measured. */
    for (uint32_t i = 0; i < bench->items; i++) {
        (void)fixture_get(bench->store, i, buf, sizeof buf);
    }
    worker_wait(worker);
    while (!worker_is_done(worker)) {
        for (unsigned i = 0; i < CHUNK; i++) {
            missing += !fixture_get(bench->store, rng_below(&random, bench->range), buf,
                                    sizeof buf);
        }
        tally->operations += CHUNK;
    }
    tally->failures = missing;
}

static double
run(struct bench *bench, unsigned workers, unsigned span_ms)
{
    struct tally tally[WORKERS_MAX] = {0};
    double rate = parallel_run(workers, read_keys, bench, PREPARE_MS, span_ms, tally);

    for (unsigned i = 0; i < workers; i++) {
        if (tally[i].failures != 0) {
            report_fail("get", "an item is missing: the region is too small");
        }
    }
    return rate;
}

static void
run_set(struct bench *bench, const char *set, uint64_t count, unsigned span_ms)
{
    struct rounds one = {0}, two = {0}, ratio = {0};
    char name[64];

    for (uint64_t round = 0; round < count; round++) {
        double alone = run(bench, 1, span_ms);
        double both = run(bench, 2, span_ms);

        rounds_add(&one, alone / 1e6);
        rounds_add(&two, both / 1e6);
        rounds_add(&ratio, both / alone);
    }
    (void)snprintf(name, sizeof name, "read_1_process_%s", set);
    report_result(name, rounds_median(&one), "Mget/s", NO_TARGET);
    (void)snprintf(name, sizeof name, "read_2_processes_%s", set);
    report_result(name, rounds_median(&two), "Mget/s", NO_TARGET);
    (void)snprintf(name, sizeof name, "read_scaling_%s", set);
    report_result(name, rounds_median(&ratio), "times", AT_LEAST(1.8));
}

int
main(int argc, char **argv)
{
    uint64_t count = 25;
    uint64_t span_ms = 100;
    const struct option_spec options[] = {
        {"rounds", "rounds", &count, 0},
        {"span", "milliseconds of a round", &span_ms, 0},
        {0},
    };
    struct bench bench = {.items = 100000};

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    bench.store = fixture_open_shared(64u << 20, KEY_SIZE + VALUE);
    for (uint32_t i = 0; i < bench.items; i++) {
        fixture_put(bench.store, i, VALUE, PN_NO_TTL);
    }
    bench.range = HOT;
    run_set(&bench, "hot", count, (unsigned)span_ms);
    bench.range = bench.items;
    run_set(&bench, "wide", count, (unsigned)span_ms);
    pn_store_close(bench.store);
    return 0;
}
