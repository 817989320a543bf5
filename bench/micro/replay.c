/*
 * replay - recorded and generated traces through the real store, beside the yardstick
 *
 * Each cell of more than 1000 entries: cold start, every request a get, a put after a
 * miss, the whole trace counted; the same trace through S3-FIFO by object. The region
 * holds as many live items on average as the cell has entries (calibrate.h says how and
 * why); the achieved mean and the maximum are printed beside the result, and a cell
 * whose mean is more than 1 % away is not accepted as a measurement.
 *
 * Time is an argument of the store: here one millisecond per 1000 requests, and the
 * hash seed is fixed, so two runs give the same hits.
 *
 * The table is Markdown, so that the terminal, RESULTS.md and the chart read the same.
 *
 * Exit status: 0 all cells at most 0.5 points under the yardstick, 1 otherwise.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "calibrate.h"
#include "cells.h"
#include "fixture.h"
#include "policy.h"
#include "report.h"
#include "timing.h"

static const char what[] = "hit ratio of the real store beside S3-FIFO by object";

enum { ENTRIES_MIN = 1000, PASSES = 4, SAMPLES = 1000 };

static const double shortfall_max = 0.5; /* points */
static const double live_tolerance = 1;  /* per cent of the entries */
static const double live_good = 0.0025;  /* share: no further pass of calibration */

struct outcome {
    struct geometry geometry;
    double hit_percent;
    double live_mean, live_max; /* items, from the first eviction on */
    double requests_per_s;
    struct pn_store_stats stats;
};

struct cell {
    uint32_t entries;
    double model_percent;
    double off_percent; /* how far the live items are from ENTRIES */
    bool is_ok;
    struct outcome store;
};

/* Live items over time, counted only while the store is full. */
struct census {
    double sum, max;
    uint32_t n;
};

static void
census_take(struct census *census, struct pn_store *store)
{
    struct pn_store_stats stats = fixture_stats(store);

    if (stats.evicted > 0) {
        census->sum += (double)stats.items;
        census->max = fmax(census->max, (double)stats.items);
        census->n++;
    }
}

/* One request: whether it hit. */
static bool
request(struct pn_store *store, uint64_t now_ms, uint32_t id, uint32_t value)
{
    char buf[BENCH_VALUE_MAX];
    struct bench_key key = bench_key(id);
    struct pn_item item;
    struct pn_put put = {.key = &key,
                         .klen = KEY_SIZE,
                         .val = fixture_value(),
                         .vlen = value,
                         .ttl_ms = PN_NO_TTL};
    int rc = pn_store_get(store, now_ms, &key, KEY_SIZE, buf, sizeof buf, &item);

    if (rc == PN_OK) {
        return true;
    }
    if (rc == PN_MISS) {
        rc = pn_store_put(store, now_ms, &put, NULL);
    }
    if (rc != PN_OK) {
        report_fail("replay", pn_error_name(rc));
    }
    return false;
}

static struct outcome
replay(const struct trace *trace, struct geometry geometry)
{
    struct pn_store *store = fixture_open(geometry.size, KEY_SIZE + geometry.value);
    struct outcome outcome = {.geometry = geometry};
    struct census census = {0};
    uint32_t period = trace->n / SAMPLES + 1;
    uint64_t hits = 0;
    uint64_t start = timing_cpu_ns();

    for (uint32_t i = 0; i < trace->n; i++) {
        hits += request(store, 1 + i / 1000, trace->id[i], geometry.value);
        if (i % period == 0) {
            census_take(&census, store);
        }
    }
    outcome.requests_per_s = trace->n * 1e9 / (double)(timing_cpu_ns() - start);
    outcome.hit_percent = 100.0 * (double)hits / trace->n;
    outcome.live_mean = census.n == 0 ? 0 : census.sum / census.n;
    outcome.live_max = census.max;
    outcome.stats = fixture_stats(store);
    pn_store_close(store);
    return outcome;
}

/* Replays with a region calibrated until the live items of this very trace are right.
 */
static struct outcome
replay_calibrated(const struct trace *trace, uint32_t entries, bool is_bound_max)
{
    struct outcome best = {0};
    double best_distance = INFINITY;
    double target = entries;

    for (unsigned pass = 0; pass < PASSES && best_distance > live_good; pass++) {
        struct outcome outcome = replay(trace, calibrate(target));
        double live = is_bound_max ? outcome.live_max : outcome.live_mean;
        double distance = fabs(live / entries - 1);

        if (distance < best_distance) {
            best_distance = distance;
            best = outcome;
        }
        target *= live > 0 ? entries / live : 1;
    }
    return best;
}

static void
print_head(void)
{
    printf("| trace | size | entries | S3-FIFO %% | store %% | difference | live mean "
           "| off "
           "%% | live max | region MiB | value B | shards x segments | copies/put | "
           "Mreq/s | verdict |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
}

static void
print_cell(const char *name, uint32_t permille, const struct cell *cell)
{
    const struct outcome *store = &cell->store;
    const struct pn_store_stats *stats = &store->stats;
    uint32_t shards = stats->shards == 0 ? 1 : stats->shards;

    printf("| %s | %g %% | %u | %.2f | %.2f | %+.2f ", name, permille / 10.0,
           cell->entries, cell->model_percent, store->hit_percent,
           store->hit_percent - cell->model_percent);
    printf("| %.0f | %+.2f | %.0f | %.2f | %u | %u x %u ", store->live_mean,
           cell->off_percent, store->live_max, (double)store->geometry.size / (1 << 20),
           store->geometry.value, shards, stats->segments / shards);
    printf("| %.2f | %.2f | %s |\n", (double)stats->copied / (double)(stats->sets + 1),
           store->requests_per_s / 1e6, cell->is_ok ? "ok" : "MISS");
    (void)fflush(stdout);
}

static struct cell
measure_cell(const char *name, const struct trace *trace, uint32_t permille,
             bool is_bound_max)
{
    struct cell cell = {.entries = policy_capacity(trace, permille)};
    uint64_t hits = 0;
    double live;

    if (policy_replay(&policy_s3fifo, trace, cell.entries, &hits) != 0) {
        report_fail(name, "out of memory");
    }
    cell.model_percent = 100.0 * (double)hits / trace->n;
    cell.store = replay_calibrated(trace, cell.entries, is_bound_max);
    live = is_bound_max ? cell.store.live_max : cell.store.live_mean;
    cell.off_percent = 100 * (live / cell.entries - 1);
    cell.is_ok = cell.store.hit_percent >= cell.model_percent - shortfall_max &&
                 fabs(cell.off_percent) <= live_tolerance;
    return cell;
}

struct sum {
    unsigned cells, missed;
};

static void
run_trace(const char *directory, const char *name, bool is_bound_max, struct sum *sum)
{
    struct trace trace;

    if (!cell_load(directory, name, &trace)) {
        fprintf(stderr, "%s is not in %s, left out\n", name, directory);
        return;
    }
    for (unsigned size = 0; size < CELL_SIZES; size++) {
        if (policy_capacity(&trace, cell_permille[size]) > ENTRIES_MIN) {
            struct cell cell = measure_cell(name, &trace, cell_permille[size],
                                            is_bound_max);

            print_cell(name, cell_permille[size], &cell);
            sum->cells++;
            sum->missed += !cell.is_ok;
        }
    }
    trace_free(&trace);
}

/* All traces, recorded and generated, or the one called ONLY. */
static struct sum
run_all(const char *directory, const char *only, bool is_bound_max)
{
    struct sum sum = {0};

    for (size_t i = 0; i < yardstick_count + zipf_count; i++) {
        const char *name = i < yardstick_count ? yardsticks[i].trace
                                               : zipf_names[i - yardstick_count];

        if (only == NULL || strcmp(only, name) == 0) {
            run_trace(directory, name, is_bound_max, &sum);
        }
    }
    return sum;
}

static void
print_help(const char *program)
{
    printf("%s [--max] [--traces DIRECTORY] [--only TRACE]\n%s\n\n"
           "  --max     the region never holds more items than the cell has entries;\n"
           "            without it, it holds as many on average\n"
           "  --traces  directory of *.ctr.zst (default ../shared/traces)\n"
           "  --only    one trace, such as web07 or zipf-1.0\n",
           program, what);
}

int
main(int argc, char **argv)
{
    const char *directory = "../shared/traces";
    const char *only = NULL;
    bool is_bound_max = false;
    struct sum sum;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--max") == 0) {
            is_bound_max = true;
        } else if (strcmp(argv[i], "--traces") == 0 && i + 1 < argc) {
            directory = argv[++i];
        } else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
            only = argv[++i];
        } else {
            print_help(argv[0]);
            return strcmp(argv[i], "--help") == 0 ? 0 : 2;
        }
    }
    report_begin(argv[0], what);
    print_head();
    sum = run_all(directory, only, is_bound_max);
    printf("\n");
    report_result("replay_cells", sum.cells, "cells", AT_LEAST(1));
    report_result("replay_cells_missed", sum.missed, "cells", AT_MOST(0));
    return sum.cells == 0 || sum.missed > 0;
}
