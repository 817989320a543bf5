/*
 * bench_evict - filling a store that is full: every put makes something else go
 *
 * New keys all the time, one CPU. Three streams: 100-byte values, a mix of sizes such
 * as web services store, and the mix with an expiry. A round starts where the last one
 * ended, so the store stays in its steady state. One put in 32 is timed on its own for
 * the tail, what a write pays when it is its turn to drain: the percentiles are those
 * of a round, the figure is their median.
 */
#include <stdio.h>

#include "fixture.h"
#include "report.h"
#include "timing.h"

static const char what[] = "puts into a full store, every put evicts, one CPU";

enum { REGION = 128 << 20, WARM_UP = 3, TIMED_EVERY = 32 };

/* Mean about 290 bytes, median 140: small objects by number, large ones by bytes. */
static const uint16_t mix[16] = {24,  40,  64,  80,  96,  110, 128, 140,
                                 160, 200, 256, 320, 420, 600, 900, 1100};

struct stream {
    const char *name;
    uint16_t fixed; /* bytes of every value, 0 = the mix */
    uint32_t item;  /* the region's hint */
    uint64_t ttl_ms;
    struct target target;
};

static size_t
value_size(const struct stream *stream, uint64_t number)
{
    return stream->fixed != 0 ? stream->fixed : mix[mix64(number) >> 60];
}

/* Puts keys NEXT .. NEXT + PUTS - 1 and returns puts per second. SINGLE gets the ns
 * of those that were timed alone. */
static double
run_round(struct pn_store *store, const struct stream *stream, uint64_t next,
          uint64_t puts, struct rounds *single)
{
    uint64_t start = timing_cpu_ns();

    single->n = 0;
    for (uint64_t i = next; i < next + puts; i++) {
        if (i % TIMED_EVERY == 0) {
            uint64_t begin = timing_now_ns();

            fixture_put(store, i, value_size(stream, i), stream->ttl_ms);
            rounds_add(single, (double)(timing_now_ns() - begin));
        } else {
            fixture_put(store, i, value_size(stream, i), stream->ttl_ms);
        }
    }
    return (double)puts * 1e9 / (double)(timing_cpu_ns() - start);
}

static void
run_stream(const struct stream *stream, uint64_t count, uint64_t puts)
{
    struct pn_store *store = fixture_open(REGION, stream->item);
    struct pn_store_stats before, after;
    struct rounds rate = {0}, single = {0}, middle = {0}, tail = {0};
    uint64_t next = 0;
    char name[64];

    do { /* fill, until as much was evicted as is stored */
        fixture_put(store, next, value_size(stream, next), stream->ttl_ms);
        next++;
        before = next % 4096 == 0 ? fixture_stats(store) : (struct pn_store_stats){0};
    } while (before.evicted == 0 || before.evicted < before.items);
    for (uint64_t round = 0; round < count + WARM_UP; round++, next += puts) {
        double puts_per_s = run_round(store, stream, next, puts, &single);

        if (round >= WARM_UP) {
            rounds_add(&rate, puts_per_s / 1e6);
            rounds_add(&middle, rounds_median(&single));
            rounds_add(&tail, rounds_percentile(&single, 99));
        }
    }
    after = fixture_stats(store);
    pn_store_close(store);
    (void)snprintf(name, sizeof name, "evict_%s", stream->name);
    report_result(name, rounds_median(&rate), "Mput/s", stream->target);
    (void)snprintf(name, sizeof name, "evict_%s_put_p50", stream->name);
    report_result(name, rounds_median(&middle), "ns", NO_TARGET);
    (void)snprintf(name, sizeof name, "evict_%s_put_p99", stream->name);
    report_result(name, rounds_median(&tail), "ns", NO_TARGET);
    (void)snprintf(name, sizeof name, "evict_%s_evicted_per_put", stream->name);
    report_result(name,
                  (double)(after.evicted - before.evicted) /
                      (double)((count + WARM_UP) * puts),
                  "items", NO_TARGET);
}

int
main(int argc, char **argv)
{
    uint64_t count = 60;
    uint64_t puts = 100000;
    const struct option_spec options[] = {
        {"rounds", "rounds", &count, 0},
        {"puts", "puts in a round", &puts, 0},
        {0},
    };
    const struct stream streams[] = {
        {"100", 100, KEY_SIZE + 100, PN_NO_TTL, AT_LEAST(1)},
        {"mix", 0, 300, PN_NO_TTL, AT_LEAST(1)},
        {"mix_ttl", 0, 300, 3600000, AT_LEAST(1)},
    };

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    report_pin(1);
    for (unsigned i = 0; i < sizeof streams / sizeof *streams; i++) {
        run_stream(&streams[i], count, puts);
    }
    return 0;
}
