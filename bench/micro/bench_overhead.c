/*
 * bench_overhead - how many bytes of the region an item costs beyond its key and value
 *
 * The whole region, from its first byte to its last, divided by the items that are live
 * in it, minus key and value: index, ghosts, tables, segment headers, reserves, open
 * segments and bytes not yet reclaimed all count. Measured in the steady state of a
 * full store under puts of new keys and some reads (every fourth put is followed by two
 * gets of a recent key, so that eviction keeps and copies items as it does in life).
 */
#include <stdio.h>

#include "fixture.h"
#include "report.h"
#include "timing.h"

static const char what[] = "bytes an item costs beyond its 16-byte key, 32-byte value";

enum { VALUE = 32, SAMPLES = 200 };

struct bench {
    struct pn_store *store;
    uint64_t ttl_ms;
    uint64_t next;   /* key of the next put */
    uint64_t step;   /* puts between two samples */
    uint64_t random; /* state */
    uint64_t reads;  /* every fourth put is followed by so many */
};

static void
churn(struct bench *bench)
{
    char buf[VALUE];

    for (uint64_t i = 0; i < bench->step; i++, bench->next++) {
        fixture_put(bench->store, bench->next, VALUE, bench->ttl_ms);
        if (bench->next % 4 == 0 && bench->next > bench->step) {
            uint32_t ago = rng_below(&bench->random, (uint32_t)bench->step);

            for (uint64_t read = 0; read < bench->reads; read++) {
                (void)fixture_get(bench->store, bench->next - ago, buf, sizeof buf);
            }
        }
    }
}

/* Prints the overhead and, from the last sample, where it lies. */
static void
report(const char *name, const struct pn_store_stats *stats, double items,
       double target)
{
    const double live = (double)stats->bytes / items - KEY_SIZE - VALUE;
    const double dead = (double)stats->dead_bytes / items;
    const double free_bytes = (double)stats->segments_free * stats->segment_size /
                              items;
    const double all = (double)stats->size / items - KEY_SIZE - VALUE;
    const struct {
        const char *part;
        double value;
        struct target target;
    } lines[] = {
        {"", all, AT_MOST(target)},
        {"_of_item_header", live, NO_TARGET},
        {"_of_dead_bytes", dead, NO_TARGET},
        {"_of_free_segments", free_bytes, NO_TARGET},
        {"_of_index_and_rest", all - live - dead - free_bytes, NO_TARGET},
    };
    char line[64];

    (void)snprintf(line, sizeof line, "items_%s", name);
    report_result(line, items, "items", NO_TARGET);
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        (void)snprintf(line, sizeof line, "overhead_%s%s", name, lines[i].part);
        report_result(line, lines[i].value, "bytes/item", lines[i].target);
    }
}

static void
run(const char *name, struct bench bench, uint64_t size, double target)
{
    struct pn_store_stats stats = {0};
    struct rounds live = {0};

    bench.store = fixture_open(size, KEY_SIZE + VALUE);
    /* As many puts as could ever fit, in SAMPLES steps; twice that to fill the store
     * and turn all of it over, and twice that to look. */
    bench.step = 1 + size / 64 / SAMPLES;
    for (unsigned sample = 0; sample < 4 * SAMPLES; sample++) {
        churn(&bench);
        stats = fixture_stats(bench.store);
        if (sample >= 2 * SAMPLES) {
            rounds_add(&live, (double)stats.items);
        }
    }
    pn_store_close(bench.store);
    if (stats.evicted < stats.items) {
        report_fail(name, "the store never became full");
    }
    report(name, &stats, rounds_median(&live), target);
}

int
main(int argc, char **argv)
{
    uint64_t mib = 700;
    uint64_t reads = 2;
    const struct option_spec options[] = {
        {"size", "MiB of the region; 700 hold about 10 million items", &mib, 0},
        {"reads", "gets of a recent key after every fourth put", &reads, 0},
        {0},
    };

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    run("no_ttl", (struct bench){.ttl_ms = PN_NO_TTL, .reads = reads}, mib << 20, 24);
    run("ttl", (struct bench){.ttl_ms = 86400000, .reads = reads}, mib << 20, 28);
    return 0;
}
