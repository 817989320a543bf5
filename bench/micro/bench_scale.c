/*
 * bench_scale - do readers of two processes get in each other's way?
 *
 * One process reads a shared region, on either CPU, then two do, each on its own. Twice
 * the rate is the ideal; anything a reader writes to shared memory, and the machine's
 * own shared parts, take from it. Two sets of keys: hot (1000 keys, the same for
 * both, where a shared cache line would hurt most) and wide (a million: far more than
 * the last cache holds, else two readers would keep it warm for each other and show
 * more than 2).
 * Rates are per second of CPU time: readers never sleep, and other work on the machine
 * must not look like a reader hindering another.
 */
#include <stdio.h>

#include "fixture.h"
#include "parallel.h"
#include "report.h"
#include "timing.h"

static const char what[] = "two processes reading one shared region against one";

enum { VALUE = 100, HOT = 1000, WIDE = 1000000, CHUNK = 512 };

struct bench {
    struct pn_store *store;
    uint32_t range; /* keys read: HOT or WIDE */
};

static void
read_keys(const struct worker *worker, struct tally *tally)
{
    struct bench *bench = worker->ctx;
    uint64_t random = worker->number + 1;
    struct tally found = {0};
    char buf[VALUE];

    if (pn_store_after_fork(bench->store) != PN_OK) {
        report_fail("worker", "cannot join the region");
    }
    /* This process' first touch of every page happens once in its life, and is not what
     * is measured. */
    for (uint32_t i = 0; i < bench->range; i++) {
        (void)fixture_get(bench->store, i, buf, sizeof buf);
    }
    worker_wait(worker);
    found.busy_ns = timing_cpu_ns();
    while (!worker_is_done(worker)) {
        for (unsigned i = 0; i < CHUNK; i++) {
            found.failures += !fixture_get(bench->store,
                                           rng_below(&random, bench->range), buf,
                                           sizeof buf);
        }
        found.operations += CHUNK;
    }
    found.busy_ns = timing_cpu_ns() - found.busy_ns;
    *tally = found;
}

static void
run_set(struct pn_store *store, const char *set, uint32_t range, uint64_t count,
        unsigned span_ms)
{
    struct bench bench = {store, range};
    const struct parallel parallel = {read_keys, &bench, 20 + range / 1500, span_ms};
    struct rounds one = {0}, two = {0}, ratio = {0};
    char name[64];

    for (uint64_t round = 0; round < count; round++) {
        struct tally tally[WORKERS_MAX];
        struct pair pair = parallel_pair(&parallel, tally);

        if (tally[0].failures + tally[1].failures != 0) {
            report_fail("get", "an item is missing: the region is too small");
        }
        rounds_add(&one, pair.alone / 1e6);
        rounds_add(&two, pair.both / 1e6);
        rounds_add(&ratio, pair.both / pair.alone);
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
    struct pn_store *store;

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    store = fixture_open_shared(256u << 20, KEY_SIZE + VALUE);
    for (uint32_t i = 0; i < WIDE; i++) {
        fixture_put(store, i, VALUE, PN_NO_TTL);
    }
    run_set(store, "hot", HOT, count, (unsigned)span_ms);
    run_set(store, "wide", WIDE, count / 3 + 1, (unsigned)span_ms);
    pn_store_close(store);
    return 0;
}
