#include <pthread.h>
#include <stdlib.h>

#include "../support/rng.h"
#include "client/stats.h"
#include "harness.h"

enum { SAMPLES = 20000 };

static int
by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* GOT lies in the cell of EXACT: an eighth of its power of two, or 128 ns. */
static bool
is_near(double got_us, uint64_t exact_ns)
{
    uint64_t width = 128;
    while (exact_ns >= width * 16) {
        width *= 2;
    }
    double begin = (double)(exact_ns / width * width) / 1e3;
    return got_us >= begin && got_us <= begin + (double)width / 1e3;
}

/* The quantile of SAMPLE, sorted, at RANK; the product of a part and a count may be a
 * hair above RANK, and then it is the next. */
static bool
is_quantile(double got_us, const uint64_t *sample, size_t rank)
{
    return is_near(got_us, sample[rank - 1]) || is_near(got_us, sample[rank]);
}

static void
check_quantiles(struct rng *rng, unsigned octaves)
{
    static uint64_t sample[SAMPLES];
    struct pn_node_counts counts = {0};
    struct pn_node_stats stats;
    for (size_t i = 0; i < SAMPLES; i++) {
        /* all magnitudes alike: the high bits of chance, shifted by chance */
        sample[i] = (rng_next(rng) >> 28) >> rng_below(rng, octaves);
        pn_latency_add(&counts, sample[i]);
    }
    qsort(sample, SAMPLES, sizeof sample[0], by_size);
    pn_node_stats_read(&counts, &stats);
    bool is_right = is_quantile(stats.p50_us, sample, SAMPLES / 2) &&
                    is_quantile(stats.p90_us, sample, SAMPLES / 10 * 9) &&
                    is_quantile(stats.p99_us, sample, SAMPLES / 100 * 99) &&
                    is_quantile(stats.p999_us, sample, SAMPLES / 1000 * 999);
    if (!CHECK(is_right)) {
        printf("# octaves %u: %g %g %g %g us\n", octaves, stats.p50_us, stats.p90_us,
               stats.p99_us, stats.p999_us);
    }
}

static void
test_random_samples(void)
{
    struct rng rng = {42};
    for (unsigned octaves = 1; octaves <= 36; octaves++) {
        check_quantiles(&rng, octaves);
    }
}

/* One call, at and around every border of a cell: it is counted where it belongs. */
static void
test_every_cell(void)
{
    for (unsigned bits = 0; bits < 36; bits++) {
        for (uint64_t eighth = 8; eighth < 16; eighth++) {
            uint64_t border = (eighth << bits) >> 3;
            for (uint64_t ns = border - (border > 0); ns <= border + 1; ns++) {
                struct pn_node_counts counts = {0};
                struct pn_node_stats stats;
                pn_latency_add(&counts, ns);
                pn_node_stats_read(&counts, &stats);
                CHECK(is_near(stats.p50_us, ns) && is_near(stats.p999_us, ns));
            }
        }
    }
}

static void
test_interpolation(void)
{
    struct pn_node_counts counts = {0};
    struct pn_node_stats stats;
    for (uint64_t ns = 1 << 20; ns < 9 << 17; ns += 16) { /* one cell, evenly */
        pn_latency_add(&counts, ns);
    }
    pn_node_stats_read(&counts, &stats);
    CHECK(stats.p50_us > 1114.0 && stats.p50_us < 1114.2); /* 8.5 << 17 ns */
    CHECK(stats.p90_us > 1166.4 && stats.p90_us < 1166.6); /* 8.9 << 17 ns */
}

static void
test_ends(void)
{
    struct pn_node_counts counts = {0};
    struct pn_node_stats stats;
    pn_node_stats_read(&counts, &stats);
    CHECK(stats.p50_us == 0 && stats.p999_us == 0);
    pn_latency_add(&counts, UINT64_MAX);
    pn_latency_add(&counts, (uint64_t)1 << 36);
    CHECK_EQ(counts.latency[PN_LATENCY_CELLS - 1], 2);
    pn_node_stats_read(&counts, &stats);
    CHECK(stats.p50_us > 64e6 && stats.p999_us < 69e6);
    struct pn_node_counts quick = {0};
    pn_latency_add(&quick, 0);
    CHECK_EQ(quick.latency[0], 1);
}

static void
test_counters(void)
{
    struct pn_node_counts counts = {0};
    struct pn_node_stats stats;
    uint64_t n = 100;
#define PN_NODE_COUNTER(name) counts.name = n++;
    PN_NODE_COUNTERS(PN_NODE_COUNTER)
#undef PN_NODE_COUNTER
    pn_node_stats_read(&counts, &stats);
    CHECK_EQ(stats.calls, 100);
    CHECK_EQ(stats.errors, 101);
    CHECK_EQ(stats.gutter, n - 1);
}

static void *
count_some(void *counts)
{
    for (uint64_t ns = 0; ns < 100000; ns++) {
        pn_latency_add(counts, ns);
    }
    return NULL;
}

static void
test_threads(void)
{
    static struct pn_node_counts counts;
    pthread_t thread[4];
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(pthread_create(&thread[i], NULL, count_some, &counts), 0);
    }
    uint64_t total = 0;
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
    }
    for (size_t i = 0; i < PN_LATENCY_CELLS; i++) {
        total += counts.latency[i];
    }
    CHECK_EQ(total, 400000);
}

int
main(void)
{
    RUN(test_random_samples);
    RUN(test_every_cell);
    RUN(test_interpolation);
    RUN(test_ends);
    RUN(test_counters);
    RUN(test_threads);
    return harness_done();
}
