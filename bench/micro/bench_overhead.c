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

static void
run(const char *name, uint64_t size, uint64_t ttl_ms, double target)
{
    struct pn_store *store = fixture_open(size, KEY_SIZE + VALUE);
    uint64_t random = 1;
    uint64_t next = 0;
    uint64_t step = 1 + size / 64 /
                            SAMPLES; /* about as many puts as fit, per measurement */
    struct pn_store_stats stats = {0};
    struct rounds live = {0};
    char line[64];

    for (unsigned sample = 0; sample < 4 * SAMPLES; sample++) {
        for (uint64_t i = 0; i < step; i++, next++) {
            char buf[VALUE];

            fixture_put(store, next, VALUE, ttl_ms);
            if (next % 4 == 0) {
                uint64_t recent = next -
                                  rng_below(&random, (uint32_t)(step + 1)) % (next + 1);

                (void)fixture_get(store, recent, buf, sizeof buf);
                (void)fixture_get(store, recent, buf, sizeof buf);
            }
        }
        stats = fixture_stats(store);
        if (sample >=
            2 * SAMPLES) { /* filled, and the whole turned over at least once */
            rounds_add(&live, (double)stats.items);
        }
    }
    pn_store_close(store);
    if (stats.evicted < stats.items) {
        report_fail(name, "the store never became full");
    }
    (void)snprintf(line, sizeof line, "items_%s", name);
    report_result(line, rounds_median(&live), "items", NO_TARGET);
    (void)snprintf(line, sizeof line, "overhead_%s", name);
    report_result(line, (double)size / rounds_median(&live) - KEY_SIZE - VALUE,
                  "bytes/item", AT_MOST(target));
}

int
main(int argc, char **argv)
{
    uint64_t mib = 700;
    const struct option_spec options[] = {
        {"size", "MiB of the region; 700 hold about 10 million items", &mib, 0},
        {0},
    };

    report_options(argc, argv, what, options);
    report_begin(argv[0], what);
    run("no_ttl", mib << 20, PN_NO_TTL, 24);
    run("ttl", mib << 20, 86400000, 28);
    return 0;
}
