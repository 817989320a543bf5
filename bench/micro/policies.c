/*
 * policies - replays the recorded traces through the model policies and verifies the
 * hit counts to the unit; then the generated ones, for which nothing is on record.
 *
 * Exit status: 0 all counts agree, 1 a count differs or a trace is damaged. Traces that
 * are not there are left out, and a line says so.
 */
#include <stdio.h>
#include <string.h>

#include "cells.h"
#include "policy.h"
#include "report.h"

static const char what[] =
    "hit counts of FIFO, LRU, SIEVE and S3-FIFO by object, checked to the unit";

enum { KINDS = 4 };

static const struct policy_kind *const kinds[KINDS] = {
    &policy_fifo,
    &policy_lru,
    &policy_sieve,
    &policy_s3fifo,
};

/* Replays one cell and prints it. Returns how many counts differ from EXPECTED, an
 * array of KINDS or NULL. */
static unsigned
run_cell(const char *name, const struct trace *trace, uint32_t permille,
         const uint32_t *expected)
{
    uint32_t capacity = policy_capacity(trace, permille);
    unsigned wrong = 0;

    printf("%-12s %4.1f %% %7u", name, permille / 10.0, capacity);
    for (unsigned k = 0; k < KINDS; k++) {
        uint64_t hits = 0;

        if (policy_replay(kinds[k], trace, capacity, &hits) != 0) {
            report_fail(name, "out of memory");
        }
        printf(" | %8llu %6.2f", (unsigned long long)hits,
               100.0 * (double)hits / trace->n);
        if (expected != NULL && hits != expected[k]) {
            printf(" WRONG, must be %u", expected[k]);
            wrong++;
        }
        (void)fflush(stdout);
    }
    printf("\n");
    return wrong;
}

static unsigned
run_recorded(const char *directory, const struct yardstick *yardstick)
{
    struct trace trace;
    unsigned wrong = 0;

    if (!cell_load(directory, yardstick->trace, &trace)) {
        printf("%-12s not in %s, left out\n", yardstick->trace, directory);
        return 0;
    }
    if (trace.n != yardstick->requests || trace.distinct != yardstick->distinct) {
        report_fail(yardstick->trace, "is not the trace the counts were made from");
    }
    for (unsigned size = 0; size < CELL_SIZES; size++) {
        const struct expected_hits *hits = &yardstick->hits[size];
        const uint32_t expected[KINDS] = {hits->fifo, hits->lru, hits->sieve,
                                          hits->s3fifo};

        wrong += run_cell(yardstick->trace, &trace, cell_permille[size], expected);
    }
    trace_free(&trace);
    return wrong;
}

static void
run_generated(const char *name)
{
    struct trace trace;

    (void)cell_load(NULL, name, &trace);
    for (unsigned size = 0; size < CELL_SIZES; size++) {
        (void)run_cell(name, &trace, cell_permille[size], NULL);
    }
    trace_free(&trace);
}

int
main(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : "../shared/traces";
    unsigned wrong = 0;

    if (argc > 2 || directory[0] == '-') {
        printf("%s [DIRECTORY of *.ctr.zst, default ../shared/traces]\n%s\n", argv[0],
               what);
        return strcmp(directory, "--help") == 0 ? 0 : 2;
    }
    report_begin(argv[0], what);
    printf("%-12s %6s %7s", "trace", "size", "entries");
    for (unsigned k = 0; k < KINDS; k++) {
        printf(" | %8s %6s", kinds[k]->name, "%");
    }
    printf("\n");
    for (size_t i = 0; i < yardstick_count; i++) {
        wrong += run_recorded(directory, &yardsticks[i]);
    }
    for (size_t i = 0; i < zipf_count; i++) {
        run_generated(zipf_names[i]);
    }
    report_result("policy_counts_wrong", wrong, "counts", AT_MOST(0));
    return wrong > 0;
}
