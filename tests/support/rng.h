/*
 * rng - a small generator whose whole state is its seed
 *
 * Every random test prints the seed it ran with and takes one to repeat a run.
 * SplitMix64: one addition and three mixes a number, good enough to choose
 * operations, cheap enough to fill values with.
 *
 * Threads: one generator per thread or process.
 */
#ifndef PINYON_TEST_RNG_H
#define PINYON_TEST_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t
rng_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t
rng_next(struct rng *rng)
{
    rng->state += 0x9e3779b97f4a7c15u;
    return rng_mix(rng->state);
}

/* A number in [0, N); N > 0. The bias of N/2^32 does not matter here. */
static inline uint32_t
rng_below(struct rng *rng, uint32_t n)
{
    return (uint32_t)(((rng_next(rng) >> 32) * n) >> 32);
}

/* True ONE time in N. */
static inline int
rng_one_in(struct rng *rng, uint32_t n)
{
    return rng_below(rng, n) == 0;
}

#endif
