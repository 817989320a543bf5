/*
 * timing - rounds, medians and the clock of all benches
 *
 * A figure is the median of many short rounds of one measured thing, after rounds of
 * warm-up that are thrown away: a machine that is interrupted spoils some rounds, never
 * the median. Where two things are compared their rounds are interleaved, so that both
 * meet the same disturbances.
 *
 * Code that never sleeps is timed by the CPU time it took: on an idle machine that is
 * the time on the wall, on a busy one the other work does not count. Tails and waits
 * are timed on the wall.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS_MAX = 4096 };

/* One figure being measured: a sample per round. Zero-initialised is empty. */
struct rounds {
    unsigned n;
    double sample[ROUNDS_MAX];
};

static inline uint64_t
timing_now_ns(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000U + (uint64_t)at.tv_nsec;
}

/* CPU time of this process so far. A system call: once per round, not per operation. */
static inline uint64_t
timing_cpu_ns(void)
{
    struct timespec used;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (uint64_t)used.tv_sec * 1000000000U + (uint64_t)used.tv_nsec;
}

/* Makes the compiler believe that VALUE is used, and memory read and written. */
static inline void
timing_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Adds a sample; one past ROUNDS_MAX is dropped. */
static inline void
rounds_add(struct rounds *rounds, double sample)
{
    if (rounds->n < ROUNDS_MAX) {
        rounds->sample[rounds->n++] = sample;
    }
}

static inline int
rounds_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The sample below which PERCENT of the samples lie (nearest rank); 0 when there are
 * none. Sorts the samples in place. */
static inline double
rounds_percentile(struct rounds *rounds, double percent)
{
    unsigned rank;

    if (rounds->n == 0) {
        return 0;
    }
    qsort(rounds->sample, rounds->n, sizeof *rounds->sample, rounds_compare);
    rank = (unsigned)(percent / 100 * rounds->n);
    return rounds->sample[rank < rounds->n ? rank : rounds->n - 1];
}

static inline double
rounds_median(struct rounds *rounds)
{
    return rounds_percentile(rounds, 50);
}

#endif
