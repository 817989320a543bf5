/*
 * timing - rounds, medians and the clock of all benches
 *
 * A figure is the median of many short rounds of one measured thing, after rounds of
 * warm-up that are thrown away: a machine that is interrupted spoils some rounds, never
 * the median. Where two things are compared their rounds are interleaved, so that both
 * meet the same disturbances.
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
