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

enum { WORKERS_MAX = 16 };

struct worker {
    unsigned number; /* also its CPU */
    uint64_t start_ns, end_ns;
    void *ctx;
};

struct tally {
    uint64_t operations;
    uint64_t busy_ns;  /* CPU time of workers that never sleep; 0: use the span */
    uint64_t failures; /* whatever the bench counts as one */
    double p99_ns;     /* of one operation, when the bench measures it */
};

/* Runs in the child: prepare, worker_wait(), work until worker_is_done(), fill TALLY.
 * It lies in memory that all workers share, so it is written once, at the end. */
typedef void (*worker_fn)(const struct worker *worker, struct tally *tally);

/* Waits, burning the CPU, for the start. If it is past, the run is repeated with twice
 * the time for preparation. */
void
worker_wait(const struct worker *worker);

bool
worker_is_done(const struct worker *worker);

/* What all runs of a bench have in common. */
struct parallel {
    worker_fn work;
    void *ctx;
    unsigned prepare_ms, span_ms;
};

/*
 * Runs N workers, numbered from FIRST, on their CPUs for SPAN_MS after PREPARE_MS for
 * their preparation; fills TALLY[0..n). Returns the sum of the workers' operations per
 * second. A worker that dies ends the program with a message. Blocks for both spans.
 */
double
parallel_run(const struct parallel *parallel, unsigned first, unsigned n,
             struct tally *tally);

/* One round of one against two: the rate of one process, the mean of a run on either
 * CPU (for one CPU may have more other work than the other), and of two at once. */
struct pair {
    double alone, both;
};

/* TALLY[0..2) is that of the two. */
struct pair
parallel_pair(const struct parallel *parallel, struct tally *tally);

#endif
