/*
 * parallel - the same work in several processes at once, each on its own CPU
 *
 * Every worker is a forked process. It prepares, waits for the common start, works
 * until the common end and reports how many operations it did. Start and end are
 * instants of the clock, fixed before the fork, so no line of memory is shared while it
 * counts.
 */
#ifndef BENCH_PARALLEL_H
#define BENCH_PARALLEL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    WORKERS_MAX = 16
};

struct worker {
    unsigned number; /* 0 .. n-1, also its CPU */
    uint64_t start_ns, end_ns;
    void *ctx;
};

struct tally {
    uint64_t operations;
    uint64_t failures; /* whatever the bench counts as one */
    double p99_ns;     /* of one operation, when the bench measures it */
};

/* Runs in the child: prepare, worker_wait(), work until worker_is_done(). */
typedef void (*worker_fn)(const struct worker *worker, struct tally *tally);

/* Waits, burning the CPU, for the start. A worker that is late fails the bench. */
void
worker_wait(const struct worker *worker);

bool
worker_is_done(const struct worker *worker);

/*
 * Runs N workers for SPAN_MS after PREPARE_MS for their preparation; fills TALLY[0..n).
 * Returns operations per second, summed over the workers. A worker that dies ends the
 * program with a message. Blocks for both spans.
 */
double
parallel_run(unsigned n, worker_fn work, void *ctx, unsigned prepare_ms,
             unsigned span_ms, struct tally *tally);

#endif
